"""Bodies are split into events: bodies of the three forms, odd bodies, and random bytes."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.acceptance.body import FAST_PIECES, ReceivedEvent, parse, parse_one
from functions.acceptance.values import NotJson

MOST = 10_000

SCALARS = st.none() | st.booleans() | st.integers() | st.text()
JSON = st.recursive(
    SCALARS | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.binary())
def test_any_bytes_are_events_or_not_json(body: bytes) -> None:
    try:
        events = parse(body, MOST)
    except NotJson:
        return
    assert events


@given(JSON, st.booleans())
def test_any_json_is_accepted_and_keeps_its_bytes(value: object, ascii_only: bool) -> None:  # noqa: FBT001 - hypothesis passes it by position
    try:
        body = json.dumps(value, ensure_ascii=ascii_only).encode()
    except UnicodeEncodeError:
        return
    events = parse(body, MOST)
    elements = value if isinstance(value, list) and value else [value]
    assert [json.loads(event.data) for event in events] == elements
    assert all(event.data in body for event in events)


@given(st.lists(JSON.filter(lambda value: not isinstance(value, list)), min_size=2))
def test_ndjson_is_one_event_a_line(values: list[object]) -> None:
    body = "\n".join(json.dumps(value) for value in values).encode()
    assert [json.loads(event.data) for event in parse(body, MOST)] == values


EVENTS = st.fixed_dictionaries(
    {"event": st.text() | SCALARS},
    optional={
        "value": st.fixed_dictionaries({}, optional={"project": SCALARS, "x": JSON}) | SCALARS,
        "project": SCALARS,
    },
)


@given(st.lists(EVENTS, min_size=2, max_size=4))
def test_an_event_in_an_array_is_what_it_is_alone(values: list[object]) -> None:
    each = [json.dumps(value).encode() for value in values]
    alone = [event for one in each for event in parse(one, MOST)]
    assert parse(b"[%b]" % b" , ".join(each), MOST) == alone


@pytest.mark.parametrize(
    ("body", "name", "project"),
    [
        ('{"event":"a","value":{"project":"p"}}', "a", "p"),
        ('{"event":"a","value":{"project":7}}', "a", "7"),
        ('{"event":"a","value":{"project":7.0}}', "a", "7"),
        ('{"event":"a","value":{"project":7.5}}', "a", ""),
        ('{"event":"a","value":{"project":1e16}}', "a", ""),
        ('{"event":"a","project":"p"}', "a", "p"),
        ('{"event":"a","project":"p","value":{}}', "a", "p"),
        ('{"event":"a","project":"","value":{"project":"inner"}}', "a", "inner"),
        ('{"Event":"a","Value":{"Project":"p"}}', "a", "p"),
        ('{"eVENT":"a","vALUE":{"PROJECT":"p"}}', "a", "p"),
        ('{"event":"a","value":5}', "a", None),
        ('{"event":"a","value":{"project":""}}', "a", None),
        ('{"event":"a","value":{"project":["p"]}}', "a", ""),
        ('{"event":"a","value":{"project":true}}', "a", ""),
        ('{"event":"a"}', "a", None),
        ('{"event":"","value":{"project":"p"}}', None, "p"),
        ('{"value":{"project":"p"}}', None, "p"),
        ('{"event":"\\ud83d","value":{"project":"p"}}', "\ufffd", "p"),
        ('\ufeff{"event":"a"}', "a", None),
    ],
)
def test_name_and_project(body: str, name: str | None, project: str | None) -> None:
    [event] = parse(body.encode(), MOST)
    assert (event.name, event.project) == (name, project)


def test_half_a_surrogate_pair_does_not_spoil_its_neighbours() -> None:
    first, second = '{"event":"a","value":{"nickname":"cut \\ud83d"}}', '{"event":"b"}'
    expected = [ReceivedEvent(first.encode(), "a", None), ReceivedEvent(second.encode(), "b", None)]
    assert parse(f"[{first} , {second}]".encode(), MOST) == expected
    assert parse(f"{first}\n{second}\n".encode(), MOST) == expected


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
def test_a_json_error_has_a_position_and_no_quotation(body: bytes) -> None:
    with pytest.raises(NotJson) as caught:
        parse(body, MOST)
    assert "event" not in str(caught.value)


@pytest.mark.parametrize("separator", [b",", b",\n", b" , ", b"\n", b"\r\n\n"])
@pytest.mark.parametrize("element", [b"1", b'{"event":"a"}', b'"\\ud800"'])
def test_no_more_events_are_split_off_than_asked_for(element: bytes, separator: bytes) -> None:
    body = separator.join([element] * 9)
    body = b"[" + body + b"]" if b"," in separator else body
    assert [len(parse(body, most)) for most in (3, 8, 9, 10)] == [4, 9, 9, 9]


@pytest.mark.parametrize("separator", [b",", b"\n", b""])
def test_a_body_of_very_many_values_is_cut_short(separator: bytes) -> None:
    body = separator.join([b"{}"] * (FAST_PIECES + 2))
    if separator:
        assert len(parse(b"[" + body + b"]" if separator == b"," else body, 10)) == 11
    else:
        with pytest.raises(NotJson):
            parse(body + b"\n{}", 10)


@pytest.mark.parametrize("depth", [100, 900, 1_100, 5_000, 100_000])
@pytest.mark.parametrize("form", ["%s", "[1,%s]", '{"event":"a","value":{"project":%s}}', "1\n%s"])
def test_nesting_is_accepted_or_refused(form: str, depth: int) -> None:
    body = (form % ("[" * depth + "]" * depth)).encode()
    with contextlib.suppress(NotJson):
        assert parse(body, MOST)


@pytest.mark.parametrize("digits", [30, 400, 4_400, 100_000])
def test_a_long_number_is_accepted_or_refused(digits: int) -> None:
    with contextlib.suppress(NotJson):
        assert parse(b'{"event":"a","value":{"project":' + b"9" * digits + b"}}", MOST)


GOOD = b'{"event":"a","value":{"project":"p"}}'
CUT = [
    b'{"event":"a","val',
    b'{"event":"a","nick":"Zo\xc3',
    b'ject":"p"}}',
    b"\xff",
    GOOD + GOOD,
    b'{"a":' * 600 + b"1" + b"}" * 600,
    b'{"n": NaN}',
]


@pytest.mark.parametrize("cut", CUT)
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\n"])
def test_a_line_that_is_cut_does_not_spoil_the_others(cut: bytes, place: int, end: bytes) -> None:
    lines = [GOOD, GOOD]
    lines.insert(place, cut)
    events = parse(b"\n".join(lines) + end, MOST)
    assert [event.data.strip() for event in events] == lines
    assert [event.fault and event.fault.code for event in events] == [
        "not_json" if line == cut else None for line in lines
    ]
    assert len(parse(b"\n".join(lines), 1)) == 2


@pytest.mark.parametrize(
    "body",
    [
        b'[\n{"event":"a"},\n{"event":"b"}\n',
        b'{\n"event": "a",\n"value": {"project":\n',
        b'{"event":"a"\n{"event":"b"',
        b'{"x":1}\n{"event":"a"',
    ],
)
def test_a_cut_body_without_a_whole_event_on_a_line_is_not_json(body: bytes) -> None:
    with pytest.raises(NotJson):
        parse(body, MOST)


def test_an_event_that_is_nested_too_deeply_does_not_spoil_its_neighbours() -> None:
    deep = b"[" * 600 + b"]" * 600
    events = parse(b"[%b,%b]" % (GOOD, deep), MOST)
    assert [event.fault and event.fault.code for event in events] == [None, "not_json"]


def test_an_object_may_span_lines() -> None:
    body = b'{\n "event": "a"\n}\n{"event":\r\n"b"}'
    assert [event.name for event in parse(body, MOST)] == ["a", "b"]


@pytest.mark.parametrize("body", [b'[{"event":"a"},2]', b' {"event":"a"}\n', b'"\\ud83d"', b"7"])
def test_one_event_is_one_whatever_its_form(body: bytes) -> None:
    assert parse_one(body).data == body


@given(st.binary())
def test_any_bytes_are_one_event_or_not_json(body: bytes) -> None:
    with contextlib.suppress(NotJson):
        parse_one(body)


@pytest.mark.parametrize("body", [b"", b" ", b"{} {}", b"{}\n{}", b"{} x", b"\xff", b"{"])
def test_a_body_without_exactly_one_value_is_not_an_event(body: bytes) -> None:
    with pytest.raises(NotJson):
        parse_one(body)
