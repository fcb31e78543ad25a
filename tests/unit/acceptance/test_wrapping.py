"""Events inside a string or a member ``data`` are unwrapped; events in other places are refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.acceptance.body import ReceivedEvent, parse, parse_one
from functions.acceptance.wrapping import MOST_VALUES

PLAIN = '{"event": "emoji_sent", "value": {"project": "p", "nickname": "Zo\\u00eb \\ud83d"}}'
EXPECTED = [ReceivedEvent(PLAIN.encode(), "emoji_sent", "p")]
TEXT = json.dumps(PLAIN)


@pytest.mark.parametrize(
    "body",
    [
        TEXT,
        f" \n{TEXT}\r\n",
        json.dumps(f"  {PLAIN}\n"),
        json.dumps(PLAIN, ensure_ascii=False),
        f'{{"data":{PLAIN}}}',
        f' {{ "Data" : {PLAIN} }} ',
        f'{{"DATA":{TEXT}}}',
        TEXT.replace('\\"', "\\u0022").join(['{"data":', "}"]),
        json.dumps(f'{{"data":{PLAIN}}}'),
        f"[{TEXT}]",
        json.dumps(f"[{PLAIN}]"),
        "\ufeff" + TEXT,
    ],
)
def test_an_event_is_unwrapped(body: str) -> None:
    assert parse(body.encode(), 10) == EXPECTED


def test_each_event_of_a_request_is_unwrapped() -> None:
    wrapped = [PLAIN, TEXT, f'{{"data":{PLAIN}}}', f'{{"data":{TEXT}}}']
    assert parse("\n".join(wrapped).encode(), 10) == EXPECTED * 4
    assert parse(f"[{','.join(wrapped)}]".encode(), 10) == EXPECTED * 4
    assert parse(json.dumps(f"{PLAIN}\n{PLAIN}").encode(), 10) == EXPECTED * 2
    assert [parse_one(one.encode()) for one in wrapped] == EXPECTED * 4


@pytest.mark.parametrize("name", ["value", "Value", "VALUE"])
def test_a_value_that_is_a_text_is_unwrapped(name: str) -> None:
    value = '{"project": "p", "answer": "A", "answer": "B"}'
    [event] = parse(f'{{"event":"e", "{name}": {json.dumps(value)}, "x": 1}}'.encode(), 10)
    assert event.data == f'{{"event":"e", "{name}": {value}, "x": 1}}'.encode()
    assert (event.name, event.project) == ("e", "p")


HIDDEN: list[Any] = [
    json.dumps(TEXT),
    {"data": {"data": {"event": "e", "value": {}}}},
    {"data": [{"event": "e"}]},
    {"data": {"event": "e"}, "id": "msg_1"},
    {"data": {"event": "e"}, "mode": "live"},
    {"payload": {"event": "e", "value": {"user_id": "ann"}}},
    {"payload": {"user_id": "ann"}},
    {"payload": {"Value": 1}},
    {"payload": json.dumps({"event": "e"})},
    {"payload": "{'event': 'e', 'value': {}}"},
    {"payload": "event=e&project=p"},
    {"events": [{"event": "e"}, {"event": "f"}]},
    {"value": {"event": "e", "value": {"user_id": "ann"}}},
    {"timestamp": 1, "payload": {"EVENT": "e"}},
    [[{"event": "e"}]],
    "event=e",
    '{"event":"e","value":{"project":"p"',
    {"x": [[0] * (MOST_VALUES + 1)]},
    {"x": {str(n): n for n in range(MOST_VALUES + 1)}},
]


@pytest.mark.parametrize("body", HIDDEN)
def test_an_event_in_another_place_is_refused_as_it_is(body: Any) -> None:
    data = json.dumps(body).encode()
    event = parse_one(data)
    assert event.fault is not None
    assert (event.fault.code, event.name, event.project) == ("event_misplaced", None, None)
    assert (event.data, event.is_test) == (data, False)


@pytest.mark.parametrize(
    "body",
    [
        {"data": {}},
        {"data": {"hello": ["world", {"test": 1}]}},
        {"data": "hello"},
        {"data": None},
        {"message": "This is a test event"},
        {"message": "{}"},
        "{}",
        ["ping"],
        {"event": "", "data": {"event": " "}},
    ],
)
def test_a_body_without_a_part_of_an_event_at_any_depth_is_a_test_delivery(body: Any) -> None:
    data = json.dumps(body).encode()
    event = parse_one(data)
    assert event.is_test
    assert event.data == data


@given(st.recursive(st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_a_wrapped_event_is_found_in_any_value(value: Any) -> None:
    plain = json.dumps({"event": "e", "value": {"project": "p", "x": value}}).encode()
    [event] = parse(plain, 10)
    for wrapped in (b'{"data":%b}' % plain, json.dumps(plain.decode()).encode()):
        assert parse(wrapped, 10) == [event]
