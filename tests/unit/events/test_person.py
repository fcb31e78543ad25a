"""The person of an event is found by the same rules in all functions."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.events.body import BadMessage
from functions.events.catalogue import load_catalogue
from functions.events.layout import Layouts
from functions.events.person import happened_at, keep_one, mentioned, take_out, user_id
from functions.load.row import RowBuilder
from functions.secrets.pseudonym_keys import PseudonymKeys

LAYOUTS = Layouts(load_catalogue())
ROWS = RowBuilder(load_catalogue(), PseudonymKeys(1, {1: b"1" * 32}))
ATTRIBUTES = {
    "ingest_id": "i",
    "received_at": "2026-11-22T12:00:00Z",
    "kind": "chat",
    "partner": "acme",
    "project": "dev",
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"user_id": "ann"}, "ann"),
        ({"userId": 7}, "7"),
        ({"uid": None, "external_id": "ann"}, "ann"),
        ({"user": {"name": "ann"}, "uid": "ann"}, "ann"),
        ({"user_id": " ", "uid": "bob"}, "bob"),
        ({"nickname": "ann"}, None),
        ({"user_id": 7.0}, "7"),
        ({"user_id": 1e16}, None),
        ({"user_id": "undefined"}, None),
        ({"user_id": "NULL", "uid": "ann"}, "ann"),
        ([], None),
    ],
)
def test_the_first_name_with_a_value_counts(value: Any, expected: str | None) -> None:
    data = json.dumps({"event": "delete_profile_confirmed", "value": value}).encode()
    assert user_id(data, "chat", LAYOUTS) == expected


def test_a_body_that_is_not_json_is_refused() -> None:
    with pytest.raises(BadMessage, match="not_json"):
        user_id(b"{", "chat", LAYOUTS)


NAMES = st.sampled_from(["user_id", "userId", "uid", "external_id", "nickname", "User-ID"])
WORDS = st.sampled_from(["none", " Null", "undefined", "0", "[object Object]", "\u200b"])
VALUES = (
    st.none()
    | st.text(max_size=3)
    | WORDS
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.lists(st.integers())
)


@given(st.dictionaries(NAMES, VALUES), st.sampled_from(["account_restored", "unheard_of"]))
def test_the_person_is_the_one_that_load_finds(properties: dict[str, Any], event: str) -> None:
    data = json.dumps({"event": event, "value": properties}).encode()
    loaded = ROWS.build(data, ATTRIBUTES, delivery_id="d", stored_at=1_795_000_000_000_000)
    expected = loaded.person.user_id if loaded.person else None
    assert user_id(data, "chat", LAYOUTS) == expected


SPEAKERS = b'{"event": "room_updated", "value": {"name": "x", "speakers": %b}}'


@pytest.mark.parametrize(
    "speakers",
    [
        b'["a", "b", 7.0]',
        b'"[\\"a\\", \\"b\\", 7]"',
        b'["a"], "speakers": ["b", "7"]',
        b'{"0": "a", "1": {"id": "b"}, "2": {"userId": 7}}',
    ],
)
def test_speakers_are_found_and_taken_out_however_they_are_written(speakers: bytes) -> None:
    data = SPEAKERS % speakers
    assert mentioned(data, "room", LAYOUTS).speakers == ["a", "b", "7"]
    left = take_out(data, "room", LAYOUTS, user=False, speakers={"b", "7"})
    assert mentioned(left, "room", LAYOUTS).speakers == ["a"]
    own = keep_one(data, "room", LAYOUTS, ids={"7"})
    assert mentioned(own, "room", LAYOUTS).speakers == ["7"]


def test_an_export_has_no_speaker_whose_id_cannot_be_read() -> None:
    data = SPEAKERS % b'["a", {"nickname": "Bob"}]'
    own = json.loads(keep_one(data, "room", LAYOUTS, ids={"a"}))
    assert own["value"]["speakers"] == ["a"]


def test_properties_that_cannot_be_read_go_with_the_person() -> None:
    value = {"user_id": "ann", "id": "ann", "number": 3, "event_id": None, "platform": "web"}
    data = json.dumps({"event": "emoji_sent", "value": value}).encode()
    left = json.loads(take_out(data, "chat", LAYOUTS, user=True, speakers=()))
    assert left["value"] == {"number": 3, "event_id": None, "platform": "web"}
    play = b'{"event": "records_play", "value": {"timestamp": "2026-11-22", "ts": "Ann"}}'
    left = json.loads(take_out(play, "chat", LAYOUTS, user=True, speakers=()))
    assert left["value"] == {"timestamp": "2026-11-22"}


@pytest.mark.parametrize(
    ("stated", "happened"),
    [
        ("2026-11-22T14:25:32.5Z", datetime(2026, 11, 22, 14, 25, 32, 500_000, UTC)),
        ("2026-11-24T14:25:32Z", None),  # more than a day after the event was received
        ("soon", None),
        (None, None),
    ],
)
def test_when_an_event_happened_is_what_load_would_store(
    stated: str | None, happened: datetime | None
) -> None:
    data = json.dumps({"event": "account_restored", "value": {"timestamp": stated}}).encode()
    received = datetime(2026, 11, 22, 14, 26, tzinfo=UTC)
    assert happened_at(data, "chat", LAYOUTS, received) == happened
