"""Events in scope are deleted, or the person is removed from them."""

import json
from typing import Any

import pytest

from functions.events.attributes import Kind
from functions.events.body import BadMessage
from functions.privacy.erasures.redaction import Redaction
from tests.unit.privacy.stand_ins import HOUR, KEYS, NOW, attributes, body, redaction, scope


def value(data: bytes | None) -> Any:
    assert data is not None
    return json.loads(data)["value"]


def test_a_person_is_removed_with_all_unknown_properties() -> None:
    data = body("ann", message_type="text", secret="x", userId="also ann")
    redacted = redaction(scope("ann")).apply(data, "chat", ("dev",), NOW)
    assert redacted is not None
    assert value(redacted.data) == {"project": "dev", "message_type": "text"}
    assert redacted.taken == (("erasure of ann", "anonymised"),)


def test_members_beside_the_value_are_taken_out_too() -> None:
    data = b'{"event": "emoji_sent", "user_id": 7, "nick": "x", "project": "dev", "thing": 1}'
    redacted = redaction(scope("7")).apply(data, "chat", ("dev",), NOW)
    assert redacted is not None
    assert json.loads(redacted.data or b"") == {"event": "emoji_sent", "project": "dev"}


def test_a_person_is_deleted() -> None:
    redacted = redaction(scope("ann", treatment="delete")).apply(body("ann"), "chat", ("dev",), NOW)
    assert redacted is not None
    assert (redacted.data, redacted.taken) == (None, (("erasure of ann", "deleted"),))


@pytest.mark.parametrize("version", [0, 1])
def test_a_person_is_found_by_the_key_of_every_version(version: int) -> None:
    key = KEYS.all_user_keys("dev", "ann")[version]
    of_ann = scope("ann", user_key=key)
    assert redaction(of_ann).apply(body("ann"), "chat", ("dev",), NOW)


@pytest.mark.parametrize(
    ("data", "kind", "project", "hours"),
    [
        (body("bob"), "chat", "dev", 0),
        (body("ann"), "chat", "shop", 0),
        (body("ann"), "chat", "dev", 0.001),
        (body("ann"), "chat", "dev", -2),
        (b'{"event": "emoji_sent", "value": {"nickname": "ann"}}', "chat", "dev", 0),
        (b"[1]", "chat", "dev", 0),
        (b'{"event": "room_created", "value": {"speakers": ["bob"]}}', "room", "dev", 0),
        (b'{"event": "emoji_sent", "value": {"speakers": ["ann"]}}', "chat", "dev", 0),
    ],
)
def test_others_are_left(data: bytes, kind: Kind, project: str, hours: float) -> None:
    of_ann = scope("ann", previous_cut_off=NOW - 2 * HOUR)
    assert redaction(of_ann).apply(data, kind, (project,), NOW + hours * HOUR) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "not_json"),
        (b"[" * 501 + b"]" * 501, "too_deep"),
        (b"[" * 100_000, "too_deep"),
    ],
)
def test_unreadable_data_is_distinguished_from_events_of_others(data: bytes, reason: str) -> None:
    with pytest.raises(BadMessage, match=reason):
        redaction().apply(data, "chat", ("dev",), NOW)
    with pytest.raises(BadMessage, match=reason):
        redaction().apply_to(data, attributes(1), NOW)


def test_an_event_without_project_and_partner_is_malformed() -> None:
    nobody = attributes(1)
    del nobody["project"], nobody["partner"]
    with pytest.raises(BadMessage, match="malformed"):
        redaction(scope("ann")).apply_to(body("ann"), nobody, NOW)


@pytest.mark.parametrize("treatment", ["anonymise", "delete"])
def test_speakers_are_taken_out_of_rooms_that_stay(treatment: str) -> None:
    speakers = ["ann", {"userId": "bob", "name": "B"}, {"id": "cat"}, 7, None, {"no": "id"}]
    data = body("dan", "room_updated", speakers=speakers, name="Final")
    scopes = [scope(name, treatment=treatment) for name in ("ann", "bob", "7")]
    redacted = redaction(*scopes).apply(data, "room", ("dev",), NOW)
    # If one speaker cannot be read, `load` stores none of them, so the redaction finds none either.
    assert redacted is None
    redacted = redaction(*scopes).apply(
        body("dan", "room_updated", speakers=speakers[:-1], name="Final"), "room", ("dev",), NOW
    )
    assert redacted is not None
    assert redacted.scope is None
    assert value(redacted.data)["speakers"] == [{"id": "cat"}, None]
    assert (value(redacted.data)["user_id"], value(redacted.data)["name"]) == ("dan", "Final")
    assert [what for _, what in redacted.taken] == ["speakers_removed"] * 3


def test_an_anonymised_event_gets_the_id_that_its_copies_get() -> None:
    of_ann = scope("ann")
    redact = redaction(of_ann)
    changed = redact.apply_to(body("ann"), attributes(1), NOW)
    assert changed is not None
    assert changed[1] == attributes(1, ingest_id=of_ann.ingest_id("i1"))
    rooms = body("bob", "room_updated", speakers=["ann"])
    unchanged = redact.apply_to(rooms, attributes(1, kind="room"), NOW)
    assert unchanged is not None
    assert unchanged[1] == attributes(1, kind="room")


def is_changed_by(redact: Redaction, fields: dict[str, str]) -> bool:
    return redact.apply_to(body("ann"), fields, NOW) is not None


def test_missing_attributes_widen_the_scope() -> None:
    redact = redaction(scope("ann"), scope("ann", project="shop", partner="other"))
    assert is_changed_by(redact, attributes(1, received_at="yesterday", kind="?"))
    assert not is_changed_by(redact, attributes(1, received_at="2026-11-23T00:00:00Z"))
    nameless = attributes(1)
    del nameless["project"]
    assert is_changed_by(redact, nameless)
    assert is_changed_by(redact, nameless | {"partner": "other"})
    assert not is_changed_by(redact, nameless | {"partner": "nobody"})
