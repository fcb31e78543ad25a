import json
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, json_format
from hypothesis import given
from hypothesis import strategies as st

from functions.events.body import STORED_DEPTH
from functions.load.fit import Fit, NoPlace
from functions.load.protobuf import RowEncoder
from tests import google_rows

SCHEMA: list[dict[str, Any]] = [
    {"name": "id", "type": "STRING", "mode": "REQUIRED"},
    {"name": "flags", "type": "STRING", "mode": "REPEATED"},
    {"name": "extra", "type": "JSON"},
    {"name": "name", "type": "STRING"},
    {"name": "at", "type": "TIMESTAMP"},
    {"name": "day", "type": "DATE"},
    {"name": "count", "type": "INTEGER"},
    {"name": "share", "type": "FLOAT"},
    {"name": "is_new", "type": "BOOLEAN"},
    {"name": "more", "type": "JSON"},
    {"name": "tags", "type": "STRING", "mode": "REPEATED"},
    {
        "name": "one",
        "type": "RECORD",
        "fields": [{"name": "a", "type": "STRING"}, {"name": "b", "type": "INTEGER"}],
    },
    {
        "name": "many",
        "type": "RECORD",
        "mode": "REPEATED",
        "fields": [{"name": "a", "type": "STRING"}, {"name": "b", "type": "INTEGER"}],
    },
]
ENCODER = RowEncoder(SCHEMA)
FULL = {
    "id": "1",
    "flags": ["unknown:x"],
    "extra": '{"x":1}',
    "name": "ü😀",
    "at": 1_760_000_000_123_456,
    "day": 20_000,
    "count": 2**63 - 1,
    "share": 0.5,
    "is_new": False,
    "more": '{"deep":[1,null]}',
    "tags": ["a", "b"],
    "one": {"a": "x", "b": 0},
    "many": [{"a": "x", "b": 1}, {"b": 2}],
}
PLAIN = {
    "name": "ü😀",
    "at": "2025-10-09T08:53:20.123456Z",
    "day": "2024-10-04",
    "count": 2**63 - 1,
    "share": "0.5",
    "is_new": False,
    "more": {"deep": [1, None]},
    "tags": ["a", "b"],
    "one": {"a": "x", "b": 0},
    "many": [{"a": "x", "b": 1}, {"b": 2}],
}


def fitted(fit: Fit, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as BigQuery reads it with the descriptor that `fit` sends."""
    message = google_rows.row_class(descriptor_pb2.DescriptorProto.FromString(fit.descriptor))
    parsed = message.FromString(fit.apply(ENCODER.encode(row)))
    shown: dict[str, Any] = json_format.MessageToDict(parsed, preserving_proto_field_name=True)
    return shown


def test_a_table_that_lacks_nothing_gets_the_row_as_it_is() -> None:
    row = ENCODER.encode(FULL)
    fit = Fit(ENCODER)
    assert fit.apply(row) is row
    assert fit.descriptor == ENCODER.descriptor


@pytest.mark.parametrize("column", PLAIN)
def test_a_value_without_a_column_is_in_extra(column: str) -> None:
    shown = fitted(Fit(ENCODER, [column]), FULL)
    assert column not in shown
    assert json.loads(shown["extra"]) == {"x": 1, "_columns": {column: PLAIN[column]}}
    assert shown["flags"][0] == "unknown:x"
    assert {flag.split(":")[1].split(".")[0] for flag in shown["flags"][1:]} == {column}
    assert {flag.split(":")[0] for flag in shown["flags"][1:]} == {"no_column"}


def test_a_field_of_a_record_is_taken_alone() -> None:
    shown = fitted(Fit(ENCODER, ["one.b", "many.b"]), FULL)
    assert (shown["one"], shown["many"]) == ({"a": "x"}, [{"a": "x"}, {}])
    kept = json.loads(shown["extra"])["_columns"]
    assert kept == {"one": {"b": 0}, "many": [{"b": 1}, {"b": 2}]}
    assert shown["flags"][1:] == ["no_column:many.b", "no_column:one.b"]


def test_a_record_without_fields_is_left_out_as_a_whole() -> None:
    fit = Fit(ENCODER, ["one.a", "one.b"])
    assert fit.missing == {"one"}
    described = descriptor_pb2.DescriptorProto.FromString(fit.descriptor)
    assert "one" not in set(google_rows.field_paths(described))
    assert [nested.name for nested in described.nested_type] == ["Many"]


def test_a_row_without_such_values_stays_as_it_is() -> None:
    row = ENCODER.encode({"id": "1", "one": {"a": "x"}})
    assert Fit(ENCODER, ["name", "one.b", "tags"]).apply(row) == row


def test_a_member_of_the_sender_with_the_same_name_stays() -> None:
    row = FULL | {"extra": '{"_columns":"theirs"}'}
    shown = fitted(Fit(ENCODER, ["name"]), row)
    assert json.loads(shown["extra"]) == {"_columns": "theirs", "__columns": {"name": "ü😀"}}


def test_names_are_compared_as_bigquery_does() -> None:
    fit = Fit(ENCODER, ["NAME", "no_such_column"])
    assert fit.missing == {"name"}
    present = [path.upper() for path in google_rows.field_paths(_describe())]
    assert Fit(ENCODER).missing_in(present) == frozenset()


def test_a_required_column_is_never_left_out() -> None:
    assert Fit(ENCODER, ["id"]).missing == frozenset()
    assert "id" not in Fit(ENCODER).missing_in(["flags"])


@pytest.mark.parametrize("missing", ["extra", "flags"])
def test_without_a_place_a_value_is_not_dropped(missing: str) -> None:
    fit = Fit(ENCODER, ["name", missing])
    assert fit.apply(ENCODER.encode({"id": "1"})) == ENCODER.encode({"id": "1"})
    with pytest.raises(NoPlace):
        fit.apply(ENCODER.encode({"id": "1", "name": "a"}))


def test_a_value_too_deep_for_json_is_kept_as_text() -> None:
    deep = "[" * (STORED_DEPTH - 1) + "]" * (STORED_DEPTH - 1)
    shown = fitted(Fit(ENCODER, ["more"]), {"id": "1", "more": deep})
    assert json.loads(shown["extra"])["_columns"]["more"]


PATHS = [*PLAIN, "one.a", "one.b", "many.a", "many.b"]


@given(st.sets(st.sampled_from(PATHS)))
def test_every_value_is_in_its_column_or_in_extra(missing: set[str]) -> None:
    fit = Fit(ENCODER, missing)
    shown = fitted(fit, FULL)
    kept = json.loads(shown["extra"]).get("_columns", {})
    assert not set(google_rows.field_paths(_described(fit))) & fit.missing
    full = fitted(Fit(ENCODER), FULL)
    for column, value in PLAIN.items():
        if column in fit.missing:
            assert kept[column] == value
        elif not any(path.startswith(f"{column}.") for path in fit.missing):
            assert shown[column] == full[column]


def _describe() -> descriptor_pb2.DescriptorProto:
    return descriptor_pb2.DescriptorProto.FromString(ENCODER.descriptor)


def _described(fit: Fit) -> descriptor_pb2.DescriptorProto:
    return descriptor_pb2.DescriptorProto.FromString(fit.descriptor)
