"""Splitting a body: the three forms, the odd ones, and anything at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.receive.body import NotJson, ReceivedEvent, parse

SCALARS = st.none() | st.booleans() | st.integers() | st.text()
JSON = st.recursive(
    SCALARS | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.binary())
def test_any_bytes_are_events_or_not_json(body: bytes) -> None:
    try:
        events = parse(body)
    except NotJson:
        return
    assert events


@given(JSON, st.booleans())
def test_any_json_is_accepted_and_keeps_its_bytes(value: object, ascii_only: bool) -> None:  # noqa: FBT001 - hypothesis passes it by position
    try:
        body = json.dumps(value, ensure_ascii=ascii_only).encode()
    except UnicodeEncodeError:
        return
    events = parse(body)
    elements = value if isinstance(value, list) and value else [value]
    assert [json.loads(event.data) for event in events] == elements
    assert all(event.data in body for event in events)


@given(st.lists(JSON.filter(lambda value: not isinstance(value, list)), min_size=2))
def test_ndjson_is_one_event_a_line(values: list[object]) -> None:
    body = "\n".join(json.dumps(value) for value in values).encode()
    assert [json.loads(event.data) for event in parse(body)] == values


@pytest.mark.parametrize(
    ("body", "name", "project"),
    [
        ('{"event":"a","value":{"project":"p"}}', "a", "p"),
        ('{"event":"a","value":{"project":7}}', "a", "7"),
        ('{"event":"a","project":"p"}', "a", "p"),
        ('{"event":"a","project":"p","value":{}}', "a", "p"),
        ('{"event":"a","project":"outer","value":{"project":"inner"}}', "a", "inner"),
        ('{"event":"a","value":5}', "a", None),
        ('{"event":"a","value":{"project":""}}', "a", None),
        ('{"event":"a","value":{"project":["p"]}}', "a", '["p"]'),
        ('{"event":"a","value":{"project":true}}', "a", "true"),
        ('{"event":"a"}', "a", None),
        ('{"event":"","value":{"project":"p"}}', None, None),
        ('{"value":{"project":"p"}}', None, "p"),
        ('{"event":"\\ud83d","value":{"project":"p"}}', "\ud83d", "p"),
        ('\ufeff{"event":"a"}', "a", None),
    ],
)
def test_name_and_project(body: str, name: str | None, project: str | None) -> None:
    [event] = parse(body.encode())
    assert (event.name, event.project) == (name, project)


def test_half_a_surrogate_pair_does_not_spoil_its_neighbours() -> None:
    first, second = '{"event":"a","value":{"nickname":"cut \\ud83d"}}', '{"event":"b"}'
    expected = [ReceivedEvent(first.encode(), "a", None), ReceivedEvent(second.encode(), "b", None)]
    assert parse(f"[{first} , {second}]".encode()) == expected
    assert parse(f"{first}\n{second}\n".encode()) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  \n",
        b"\xff",
        b'{"event": "a"',
        b'{"event": "a"} {"event": "b"}',
        b"[1, 2",
        b"[1 2]",
        b"[1,]",
        b"[1] 2",
        b"event=a",
        b'{"a": NaN}',
        b"[" * 5_000,
        b'["\\ud800", 1',
        b'["\\ud800",]',
        b'["\\ud800"] x',
        b'{"a": Infinity, "b": "\\ud800"}',
    ],
)
def test_what_is_not_json_says_where_without_quoting(body: bytes) -> None:
    with pytest.raises(NotJson) as caught:
        parse(body)
    assert "event" not in str(caught.value)
