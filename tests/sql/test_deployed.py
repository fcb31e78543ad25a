"""Google's client library finds in the stand-in the tables and views that were created in it."""

from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1 import types
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from functions.warehouse.schema import Column, View, Warehouse, list_tables, list_views
from local.warehouse import create_datasets, create_table, describe, replace_views

pytestmark = pytest.mark.cell

WAREHOUSE = Warehouse("local.chat_eu_store", "local.chat_eu")
STREAM = "projects/local/datasets/chat_eu_store/tables/events_v1/streams/_default"
RECEIVED = int(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()) * 1_000_000 + 678_901
LABELS = {
    "REQUIRED": FieldDescriptorProto.LABEL_REQUIRED,
    "NULLABLE": FieldDescriptorProto.LABEL_OPTIONAL,
    "REPEATED": FieldDescriptorProto.LABEL_REPEATED,
}
TYPES = {
    "STRING": FieldDescriptorProto.TYPE_STRING,
    "INTEGER": FieldDescriptorProto.TYPE_INT64,
    "FLOAT": FieldDescriptorProto.TYPE_DOUBLE,
    "BOOLEAN": FieldDescriptorProto.TYPE_BOOL,
    "TIMESTAMP": FieldDescriptorProto.TYPE_INT64,
    "JSON": FieldDescriptorProto.TYPE_STRING,
    "RECORD": FieldDescriptorProto.TYPE_MESSAGE,
}


def test_every_table_is_as_its_file_says(warehouse: bigquery.Client) -> None:
    for table in list_tables():
        described = describe(table, WAREHOUSE)
        found = warehouse.get_table(described.reference)
        assert found.schema == described.schema
        assert found.description == described.description
        assert found.clustering_fields == described.clustering_fields
        assert found.time_partitioning == described.time_partitioning


def test_every_view_is_there(warehouse: bigquery.Client) -> None:
    assert {item.table_id for item in warehouse.list_tables(WAREHOUSE.bi)} == {
        view.name for view in list_views()
    }


def test_both_datasets_are_in_the_cells_location(warehouse: bigquery.Client) -> None:
    locations = {warehouse.get_dataset(name).location for name in (WAREHOUSE.store, WAREHOUSE.bi)}
    assert locations == {"europe-west1"}


def test_a_second_start_keeps_the_rows(empty_warehouse: bigquery.Client) -> None:
    insert = (
        "INSERT INTO chat_eu_store.erasures_v1"
        " (erasure_id, partner, project, user_key, source, mode, treatment, status,"
        " cut_off, due_at)"
        " VALUES ('e1', 'acme', 'dev', 'ann', 'api', 'grace', 'delete', 'restored',"
        " CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP())"
    )
    empty_warehouse.query(insert).result()
    create_datasets(empty_warehouse, WAREHOUSE, "europe-west1")
    for table in list_tables():
        create_table(empty_warehouse, describe(table, WAREHOUSE))
    rows = empty_warehouse.query("SELECT erasure_id FROM chat_eu_store.erasures_v1").result()
    assert [row.erasure_id for row in rows] == ["e1"]


def test_a_second_start_brings_views_to_their_files(warehouse: bigquery.Client) -> None:
    other = WAREHOUSE._replace(bi="local.other")
    create_datasets(warehouse, other, "europe-west1")
    old = [View("a", "SELECT 1 AS x", frozenset()), View("gone", "SELECT 1 AS x", frozenset())]
    new = [View("a", "SELECT 2 AS x", frozenset())]
    for views in (old, new):
        replace_views(warehouse, other, views)
    assert [item.table_id for item in warehouse.list_tables(other.bi)] == ["a"]
    assert [row.x for row in warehouse.query("SELECT x FROM other.a").result()] == [2]


def _append(target: str, metadata: tuple[tuple[str, str], ...]) -> object:
    """Append one row through the default stream, with a request as a generated client sends it."""
    table = next(table for table in list_tables() if table.name == "events_v1")
    descriptor = _message("Row", table.schema)
    file = FileDescriptorProto(name="row.proto", message_type=[descriptor])
    pool = DescriptorPool()
    pool.Add(file)
    row = GetMessageClass(pool.FindMessageTypeByName("Row"))(
        ingest_id="i1", delivery_id="d1", received_at=RECEIVED, stored_at=RECEIVED, kind="chat",
        partner="acme", project="dev", catalogued=True, extra='{"a": [1, "\U0001f600"]}',
        flags=["unknown:a"], properties={"show": "once", "answer": ["yes", "no"]},
        room={"speakers": ["k1"]},
    )  # fmt: skip
    data = types.AppendRowsRequest.ProtoData(
        writer_schema=types.ProtoSchema(proto_descriptor=descriptor),
        rows=types.ProtoRows(serialized_rows=[row.SerializeToString()]),
    )
    with grpc.insecure_channel(target) as channel:
        append = channel.stream_stream(
            "/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows",
            request_serializer=types.AppendRowsRequest.serialize,
            response_deserializer=types.AppendRowsResponse.deserialize,
        )
        request = types.AppendRowsRequest(write_stream=STREAM, proto_rows=data)
        return list(append(iter([request]), metadata=metadata, timeout=60))


def _message(name: str, columns: tuple[Column, ...]) -> DescriptorProto:
    message = DescriptorProto(name=name)
    for number, column in enumerate(columns, 1):
        field = message.field.add(name=column.name, number=number)
        field.label = LABELS[column.mode]
        field.type = TYPES[column.type]
        if column.type == "RECORD":
            field.type_name = f"Of_{column.name}"
            message.nested_type.append(_message(field.type_name, column.fields))
    return message


def test_storage_write_fills_records_json_and_timestamps(
    empty_warehouse: bigquery.Client, stand_in: Any
) -> None:
    _append(stand_in.grpc, (("x-goog-request-params", f"write_stream={STREAM}"),))
    query = (
        "SELECT received_at, properties.show, properties.answer, room.speakers, flags,"
        " JSON_VALUE(extra, '$.a[1]') AS extra FROM chat_eu_store.events_v1"
    )
    (row,) = empty_warehouse.query(query).result()
    assert dict(row) == {
        "received_at": datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
        "show": "once",
        "answer": ["yes", "no"],
        "speakers": ["k1"],
        "flags": ["unknown:a"],
        "extra": "\U0001f600",
    }


def test_storage_write_without_the_routing_header_is_refused(
    warehouse: bigquery.Client, stand_in: Any
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        _append(stand_in.grpc, ())
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
