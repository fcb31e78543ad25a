import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

from functions.load.protobuf import NotEncodable, RowEncoder, load_schema

SCHEMA: list[dict[str, Any]] = [
    {"name": "id", "type": "STRING", "mode": "REQUIRED"},
    {"name": "at", "type": "TIMESTAMP", "mode": "NULLABLE"},
    {"name": "day", "type": "DATE"},
    {"name": "count", "type": "INTEGER"},
    {"name": "share", "type": "FLOAT"},
    {"name": "is_new", "type": "BOOLEAN"},
    {"name": "extra", "type": "JSON"},
    {"name": "tags", "type": "STRING", "mode": "REPEATED"},
    {
        "name": "some_record",
        "type": "RECORD",
        "fields": [{"name": "names", "type": "STRING", "mode": "REPEATED"}],
    },
]
ENCODER = RowEncoder(SCHEMA)


def decode(encoder: RowEncoder, encoded: bytes) -> object:
    descriptor = descriptor_pb2.DescriptorProto.FromString(encoder.descriptor)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(descriptor_pb2.FileDescriptorProto(name="f", message_type=[descriptor]))
    row = message_factory.GetMessageClass(pool.FindMessageTypeByName("Row")).FromString(encoded)
    return json_format.MessageToDict(row, preserving_proto_field_name=True)


def test_a_row_decodes_by_its_descriptor() -> None:
    row = {
        "id": "ü😀\0",
        "at": -1,
        "day": 20_000,
        "count": 2**63 - 1,
        "share": 0.1,
        "is_new": False,
        "extra": '{"a":1}',
        "tags": ["a", "b"],
        "some_record": {"names": ["c"]},
    }
    expected = row | {"at": "-1", "count": str(2**63 - 1)}  # protobuf's JSON has them as strings
    assert decode(ENCODER, ENCODER.encode(row)) == expected


def test_none_and_absent_are_null() -> None:
    assert ENCODER.encode({"id": "a"}) == ENCODER.encode({"id": "a", "at": None, "tags": []})
    assert decode(ENCODER, ENCODER.encode({"id": "a", "at": None})) == {"id": "a"}


def test_columns_are_overridden_without_decoding() -> None:
    encoded = ENCODER.encode({"id": "a", "count": 1, "tags": ["b"]})
    assert decode(ENCODER, ENCODER.override(encoded, {"id": "other"})) == {
        "id": "other",
        "count": "1",
        "tags": ["b"],
    }
    assert ENCODER.override(encoded, {}) == encoded


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"id": None},
        {"id": 1},
        {"id": "secret \ud800"},
        {"id": "secret", "count": 2**63},
        {"id": "secret", "no_column": 1},
        {"id": "secret", "tags": [1]},
        {"id": "secret", "some_record": {"other": 1}},
    ],
)
def test_a_value_that_does_not_fit_is_refused_without_being_quoted(row: dict[str, object]) -> None:
    with pytest.raises(NotEncodable) as caught:
        ENCODER.encode(row)
    assert "secret" not in str(caught.value)


def test_a_table_file_gives_its_columns(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"description": "d", "schema": SCHEMA}))
    assert load_schema(tmp_path / "t.json") == SCHEMA
