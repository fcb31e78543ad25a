"""The part of an event or a message that belongs to one person has nothing about others."""

import json
from typing import Any

import pytest

from functions.events.body import BadMessage
from functions.privacy.exports.own import own_message, own_row
from tests.unit.privacy.stand_ins import LAYOUTS

KEYS = ["key of ann", "older key of ann"]
ROW: dict[str, Any] = {
    "ingest_id": "i1",
    "received_at": "2026-11-22T11:00:00Z",
    "kind": "room",
    "project": "dev",
    "user_key": "key of ann",
    "browser": "Firefox",
    "occurred_at": None,
    "properties": {"ordinal": 3, "question": None, "answer": []},
    "room": {"name": "Final", "speakers": ["key of bob", "older key of ann"], "pic": None},
    "flags": [],
    "extra": {"a": [1, {"b": None}], "c": False, "d": 0},
}


def test_an_event_of_the_person_is_complete_without_other_people_and_empty_values() -> None:
    assert own_row(ROW, KEYS) == {
        "ingest_id": "i1",
        "received_at": "2026-11-22T11:00:00Z",
        "kind": "room",
        "project": "dev",
        "user_key": "key of ann",
        "browser": "Firefox",
        "properties": {"ordinal": 3},
        "room": {"name": "Final", "speakers": ["older key of ann"]},
        "extra": {"a": [1, {"b": None}], "c": False, "d": 0},
    }


def test_of_a_room_event_of_others_only_the_room_is_given() -> None:
    assert own_row(ROW | {"user_key": "key of bob"}, KEYS) == {
        "ingest_id": "i1",
        "received_at": "2026-11-22T11:00:00Z",
        "kind": "room",
        "project": "dev",
        "room": {"name": "Final", "speakers": ["older key of ann"]},
    }


def message(value: Any, **beside: Any) -> bytes:
    return json.dumps({"event": "room_speakers_updated", "value": value, **beside}).encode()


def own(data: bytes, kind: Any = "room") -> Any:
    return own_message(data, kind, {"ann", "4711"}, LAYOUTS)


def test_a_message_about_the_person_is_given_as_sent_without_other_speakers() -> None:
    value = {"userId": 4711, "speakers": ["ann", {"id": "bob", "nick": "Bob"}], "odd": {"x": [1]}}

    assert own(message(value, beside=1)) == {
        "as_sent": {
            "event": "room_speakers_updated",
            "value": {"userId": 4711, "speakers": ["ann"], "odd": {"x": [1]}},
            "beside": 1,
        }
    }


def test_of_a_message_about_others_it_is_told_that_the_person_may_speak() -> None:
    value = {"user_id": "bob", "nickname": "Bob", "speakers": [{"id": "ann"}, "eve"]}

    assert own(message(value)) == {"you_may_speak_in_a_room": True}


@pytest.mark.parametrize(
    "value", [{"user_id": "bob"}, {"nickname": "ann"}, {"speakers": ["bob"]}, {}, ["ann"], None]
)
def test_a_message_about_others_is_not_given(value: Any) -> None:
    assert own(message(value)) is None


def test_unreadable_data_is_reported() -> None:
    with pytest.raises(BadMessage):
        own(b"{")
