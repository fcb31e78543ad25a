"""JSON in rows has only 64-bit integers as numbers, because BigQuery refuses some fractions."""

import json
from collections.abc import Iterator

from google.protobuf import descriptor_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.events.body import decode_json, encode_json
from functions.load.fit import Fit
from functions.load.row import RowBuilder
from local.json_column import check
from tests import google_rows
from tests.unit.load.test_row import EVENTS, NAMES, build

ODD = ["67.174118", "1760509016.282637", "1e400", "-0.0", "18446744073709551616", "9" * 5000, "1E5"]
NUMBERS = (
    st.sampled_from(ODD)
    | st.integers().map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.decimals(-(10**10), 10**10, places=6).map(str)
)
STRINGS = st.text(max_size=9).map(json.dumps) | st.sampled_from([r'"\ud83d"', r'"\u0000"'])
TEXTS = st.recursive(
    NUMBERS | STRINGS | st.sampled_from(["null", "true"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: f"[{','.join(parts)}]")
        | st.lists(st.tuples(STRINGS, inner).map(":".join), max_size=3).map(
            lambda members: f"{{{','.join(members)}}}"
        )
    ),
    max_leaves=6,
)
"""JSON as senders write it, with any digits."""
VALUES = st.lists(st.tuples(NAMES.map(json.dumps) | STRINGS, TEXTS).map(":".join), max_size=6)
DESCRIBED = descriptor_pb2.DescriptorProto.FromString(EVENTS.descriptor)
KEPT = {"extra", "flags"}
COLUMNS = sorted({path.split(".")[0] for path in google_rows.field_paths(DESCRIBED)} - KEPT)


def numbers(value: object) -> Iterator[int | float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for element in value:
            yield from numbers(element)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def assert_stored(text: str) -> None:
    """Assert that BigQuery accepts a text, and that all of its numbers are 64-bit integers."""
    check(text)
    for number in numbers(json.loads(text)):
        assert isinstance(number, int)
        assert -(2**63) <= number < 2**63


@settings(max_examples=100)
@given(text=TEXTS)
def test_any_json_is_written_so_that_bigquery_takes_it(text: str) -> None:
    assert_stored(encode_json(decode_json(text.encode())))


@settings(max_examples=60)
@given(
    kind=st.sampled_from(["chat", "room", "test"]),
    event=st.sampled_from(['"session_time"', '"room_updated"', '"new"', '""']) | TEXTS,
    value=VALUES.map(lambda members: f"{{{','.join(members)}}}") | TEXTS,
    beside=VALUES,
    missing=st.sets(st.sampled_from(COLUMNS)),
)
def test_bigquery_accepts_the_row_of_any_event(
    builder: RowBuilder, kind: str, event: str, value: str, beside: list[str], missing: set[str]
) -> None:
    members = [f'"event":{event}', f'"value":{value}', *beside]
    row = build(builder, f"{{{','.join(members)}}}".encode(), kind=kind).row
    if "extra" in row:
        assert_stored(str(row["extra"]))
    # If the table lacks columns, `extra` has their values, and some of them are fractions.
    message = EVENTS.read(Fit(EVENTS, missing).apply(EVENTS.encode(row)))
    if message.HasField("extra"):
        assert_stored(message.extra)
