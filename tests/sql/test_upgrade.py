"""New code works with a table of the release before, and old code with a new table."""

from collections.abc import AsyncIterator
from copy import deepcopy
from functools import partial
from typing import Any

import pytest
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1.types import storage

from functions.google.grpc_channel import open_channel
from functions.load.app import TABLES
from functions.load.append import TableAppender
from functions.load.connection import stream_columns
from functions.load.fit import Fit
from functions.load.protobuf import RowEncoder, load_schema
from functions.load.storage_write import APPEND_ROWS, append_request
from tests.sql.stand_in import PROJECT, WAREHOUSE, StandIn

EVENTS = load_schema(TABLES / "events_v1.json")
DATASET = WAREHOUSE.store.split(".")[1]
ROW = {
    "ingest_id": "1",
    "delivery_id": "2",
    "received_at": 1_760_000_000_000_000,
    "stored_at": 1_760_000_000_000_000,
    "kind": "chat",
    "partner": "acme",
    "catalogued": True,
    "platform": "ios",
    "extra": '{"theirs":1}',
    "flags": ["unknown:theirs"],
}


def narrowed(schema: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a schema without one column, one RECORD, and most fields of another RECORD."""
    older = [column for column in deepcopy(schema) if column["name"] not in ("platform", "room")]
    properties = next(column for column in older if column["name"] == "properties")
    properties["fields"] = properties["fields"][:1]
    return older


@pytest.fixture
def table(warehouse: bigquery.Client, request: pytest.FixtureRequest) -> str:
    name = f"old_{request.node.name[:40].replace('[', '_').replace(']', '')}"
    schema = [bigquery.SchemaField.from_api_repr(column) for column in narrowed(EVENTS)]
    warehouse.create_table(bigquery.Table(f"{WAREHOUSE.store}.{name}", schema=schema))
    return name


@pytest.fixture
async def appender(stand_in: StandIn, table: str) -> AsyncIterator[TableAppender]:
    made = TableAppender(
        partial(open_channel, f"http://{stand_in.grpc}"),
        f"projects/{PROJECT}/datasets/{DATASET}/tables/{table}",
        Fit(RowEncoder(EVENTS)),
        deadline=60,
    )
    yield made
    await made.close()


async def test_rows_of_new_code_are_stored_in_an_old_table(
    warehouse: bigquery.Client, appender: TableAppender, table: str
) -> None:
    fields = {"room_status": "a", "message_type": "b"}
    row = ROW | {"properties": fields, "room": {"name": "c", "start_time": 0}}
    encoder = RowEncoder(EVENTS)

    assert await appender.append([encoder.encode(ROW), encoder.encode(row)]) == {}

    found = warehouse.query(
        f"SELECT extra, flags, properties.room_status AS kept FROM `{WAREHOUSE.store}.{table}`"
    ).result()
    both = {one["kept"]: one for one in found}
    assert both[None]["extra"] == {"theirs": 1, "_columns": {"platform": "ios"}}
    assert both["a"]["extra"]["_columns"] == {
        "platform": "ios",
        "properties": {"message_type": "b"},
        "room": {"name": "c", "start_time": "1970-01-01T00:00:00.000000Z"},
    }
    assert "no_column:properties.message_type" in both["a"]["flags"]


async def test_the_stand_in_refuses_fields_without_a_column_as_bigquery_does(
    stand_in: StandIn, table: str
) -> None:
    stream = f"projects/{PROJECT}/datasets/{DATASET}/tables/{table}/streams/_default"
    encoder = RowEncoder(EVENTS)
    request = append_request(stream, [encoder.encode(ROW)], encoder.descriptor)
    async with open_channel(f"http://{stand_in.grpc}") as channel:
        call = channel.stream_stream(
            APPEND_ROWS,
            request_serializer=bytes,
            response_deserializer=storage.AppendRowsResponse.pb().FromString,
        )(
            iter([request.SerializeToString()]),
            metadata=(("x-goog-request-params", f"write_stream={stream.replace('/', '%2F')}"),),
        )
        [answer] = [one async for one in call]
    error = storage.StorageError.pb()()
    assert answer.error.details[0].Unpack(error)
    assert error.code == storage.StorageError.StorageErrorCode.SCHEMA_MISMATCH_EXTRA_FIELDS
    assert "extra fields: 'platform,properties.answer," in answer.error.message


async def test_the_stand_in_returns_the_columns_of_a_stream(stand_in: StandIn) -> None:
    stream = f"projects/{PROJECT}/datasets/{DATASET}/tables/events_v1/streams/_default"
    columns = await stream_columns(open_channel(f"http://{stand_in.grpc}"), stream)
    assert Fit(RowEncoder(EVENTS)).missing_in(columns) == frozenset()
    assert len(columns) > len(EVENTS)


async def test_rows_of_old_code_are_stored_in_a_new_table(
    warehouse: bigquery.Client, stand_in: StandIn
) -> None:
    # As after a rollback: the table has columns that the older code does not know.
    encoder = RowEncoder(narrowed(EVENTS))
    appender = TableAppender(
        partial(open_channel, f"http://{stand_in.grpc}"),
        f"projects/{PROJECT}/datasets/{DATASET}/tables/events_v1",
        Fit(encoder),
        deadline=60,
    )
    row = {name: value for name, value in ROW.items() if name != "platform"}
    assert await appender.append([encoder.encode(row | {"ingest_id": "old"})]) == {}
    await appender.close()
    [found] = warehouse.query(
        f"SELECT platform FROM `{WAREHOUSE.store}.events_v1` WHERE ingest_id = 'old'"
    ).result()
    assert found["platform"] is None
