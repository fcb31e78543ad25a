"""Objects of spill and quarantine are rewritten without a person; everything else in them stays."""

import json
from typing import Any

import pytest

from functions.acceptance import ingest_id
from functions.privacy.erasures.redaction import (
    QUARANTINED_AS_UNREADABLE,
    rewrite_quarantined,
    rewrite_spilled,
)
from functions.retained import quarantine, spill
from functions.retained.bodies import split
from tests.unit.privacy.stand_ins import (
    NOW,
    attributes,
    body,
    quarantined,
    redaction,
    scope,
    spilled,
)

ANN = scope("ann")
GONE = scope("bob", treatment="delete")
NAME = "spill/2026/11/22/11/u.ndjson"
QUARANTINED = "quarantine/event_too_large/acme/chat/a.ndjson"


def test_lines_of_a_spilled_object_are_rewritten_or_go() -> None:
    others = (b'{"event":  "x", "value": {"user_id": "cat"}}', attributes(3))
    content = spilled((body("ann"), attributes(1)), (body("bob"), attributes(2)), others)
    rewritten = rewrite_spilled(NAME, content, NOW, redaction(ANN, GONE))
    assert rewritten is not None
    [(name, left)] = rewritten.objects
    assert name == NAME
    lines = left.splitlines(keepends=True)
    assert lines[1:] == [spilled(others)]
    [anonymous] = spill.decode(lines[0])
    assert anonymous.attributes == attributes(1, ingest_id=ANN.ingest_id("i1"))
    assert b"ann" not in anonymous.data
    assert rewritten.taken == (("erasure of ann", "anonymised"), ("erasure of bob", "deleted"))


def test_a_spilled_object_with_no_events_of_others_is_deleted() -> None:
    rewritten = rewrite_spilled(NAME, spilled((body("bob"), attributes(1))), NOW, redaction(GONE))
    assert rewritten is not None
    assert rewritten.objects == ()


def test_a_spilled_object_of_others_stays() -> None:
    assert rewrite_spilled(NAME, spilled((body("cat"), attributes(1))), NOW, redaction(ANN)) is None


def test_a_quarantined_message_is_rewritten_under_the_name_of_its_new_content() -> None:
    _, content = quarantined(body("ann"), reason="bad_row", attributes=attributes(1))
    rewritten = rewrite_quarantined(QUARANTINED, content, NOW, redaction(ANN))
    assert rewritten is not None
    [(name, left)] = rewritten.objects
    record, data = quarantine.decode(left)
    assert record.attributes == attributes(1, ingest_id=ANN.ingest_id("i1"))
    assert (name, left) == quarantine.to_object(record, data)
    assert b"ann" not in data
    gone = rewrite_quarantined(
        *quarantined(body("bob"), attributes=attributes(1)), NOW, redaction(GONE)
    )
    assert gone is not None
    assert gone.objects == ()


def ids(content: bytes) -> dict[str, bytes]:
    """Return the ingest ids and bytes of the events that a replay would make from an object."""
    return {part.ingest_id: part.event.data for part in split(*quarantine.decode(content))}


@pytest.mark.parametrize("request_id", ["request 1", ""])
@pytest.mark.parametrize("form", ["array", "lines"])
def test_events_of_others_in_a_refused_body_keep_their_ids(form: str, request_id: str) -> None:
    users = ["cat", "ann", "dan", "bob", "eve", "fay", "bob"]
    events = [body(user, f"event {number}") for number, user in enumerate(users)]
    data = b"[" + b" ,\n".join(events) + b"]" if form == "array" else b"\n".join(events)
    places = [3, 4, 7, 8, 9, 20, 21] if form == "array" else []
    own = ingest_id.of_request("acme", "chat", request_id, events)
    _, content = quarantined(
        data, sender_id=request_id, ingest_ids=dict(zip(places, own, strict=False))
    )
    before = ids(content)
    rewritten = rewrite_quarantined(QUARANTINED, content, NOW, redaction(ANN, GONE))
    assert rewritten is not None
    [(_, left)] = rewritten.objects
    after = ids(left)
    assert list(after) == [
        ANN.ingest_id(own_id) if number == 1 else own_id
        for number, own_id in enumerate(before)
        if number not in {3, 6}
    ], "an anonymised event has the id that its copies in the tables have"
    kept = {own_id: event for own_id, event in before.items() if after.get(own_id) == event}
    assert [json.loads(event)["event"] for event in kept.values()] == [
        "event 0", "event 2", "event 4", "event 5",
    ]  # fmt: skip
    [new] = [event for own_id, event in after.items() if own_id not in before]
    assert json.loads(new) == {"event": "event 1", "value": {"project": "dev"}}
    again = rewrite_quarantined(QUARANTINED, content, NOW, redaction(ANN, GONE))
    assert again == rewritten  # so that a repeated sweep writes the same objects
    assert rewrite_quarantined(QUARANTINED, left, NOW, redaction(ANN, GONE)) is None
    record, _ = quarantine.decode(left)
    assert list(record.ingest_ids) == ([3, 4, 7, 9, 20] if places else [0, 1, 2, 4, 5])
    assert record.sender_id == "", "the id of the request would identify an anonymised event"


def test_speakers_in_a_refused_body_keep_the_event_where_it_is() -> None:
    rooms = body("dan", "room_updated", speakers=["ann", "eve"])
    _, content = quarantined(b"[" + rooms + b"," + body("eve") + b"]", kind="room", sender_id="r")
    rewritten = rewrite_quarantined(QUARANTINED, content, NOW, redaction(ANN))
    assert rewritten is not None
    [(_, left)] = rewritten.objects
    assert ids(left).keys() == ids(content).keys()
    assert b"ann" not in left


@pytest.mark.parametrize(
    ("other", "value", "found"),
    [
        ({}, {"project": "dev"}, True),
        ({}, {"project": "shop"}, False),
        ({}, {"project": None}, True),
        ({"reason": "project_missing"}, {"project": None}, True),
        ({"reason": "project_unknown"}, {"project": "dve"}, True),
        ({"reason": "project_unknown", "partner": "other"}, {"project": "dve"}, False),
        ({"received_at": "2026-11-22T12:00:00.000001Z"}, {}, False),
        ({"received_at": "never"}, {}, True),
    ],
)
def test_whose_a_refused_event_is(
    other: dict[str, Any], value: dict[str, Any], *, found: bool
) -> None:
    _, content = quarantined(body("ann", **value), **other)
    assert (rewrite_quarantined(QUARANTINED, content, NOW, redaction(ANN)) is not None) == found


UNREADABLE = b'{"event": "x", "value": {"user_id": "ann", "n": %b}}' % (b"[" * 501 + b"]" * 501)


def test_unreadable_lines_of_the_spill_are_moved_and_the_others_stay() -> None:
    good = spilled((body("cat"), attributes(1)))
    content = b"damaged\n" + good + b'{"data": "!"}\n\n' + spilled((UNREADABLE, attributes(2)))
    rewritten = rewrite_spilled(NAME, content, NOW, redaction())
    assert rewritten is not None
    event, damaged, left = rewritten.objects
    assert left == (NAME, good), "the object is rewritten last, after the others are written"
    assert rewritten.taken == QUARANTINED_AS_UNREADABLE * 3

    assert event == quarantined(
        UNREADABLE,
        reason="too_deep",
        attributes=attributes(2),
    )
    record, data = quarantine.decode(damaged[1])
    assert (record.reason, record.partner, record.received_at) == (
        "malformed",
        "unknown",
        "2026-11-22T12:00:00.000000Z",
    )
    assert damaged[0].startswith("quarantine/malformed/unknown/unknown/")
    assert data == b'damaged\n{"data": "!"}\n', "bytes stay the same, so that they can be repaired"
    assert rewrite_spilled(NAME, content, NOW, redaction()) == rewritten, "a repetition is the same"


def test_an_unreadable_object_of_the_spill_is_moved_as_a_whole() -> None:
    content = bytes(range(14, 256)) * 40 + b"\r\n\r" + b"\xff" * 9
    rewritten = rewrite_spilled(NAME, content, NOW, redaction())
    assert rewritten is not None
    [(name, moved)] = rewritten.objects
    assert name.startswith("quarantine/malformed/")
    assert quarantine.decode(moved)[1] == content.replace(b"\n\r", b"\n"), "no byte is lost"
    assert rewrite_spilled("spill/other", content, NOW, redaction()) != rewritten


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "malformed"),
        (b"{}", "malformed"),
        (quarantined(body("ann"), kind="?")[1], "malformed"),
        (quarantined(b"no JSON")[1], "not_json"),
        (quarantined(UNREADABLE)[1], "not_json"),
        (quarantined(UNREADABLE, attributes=attributes(1))[1], "too_deep"),
        (quarantined(body("ann"), attributes={"kind": "chat"})[1], "malformed"),
    ],
)
def test_unreadable_objects_move_to_a_prefix_that_is_kept_for_a_week(
    content: bytes, reason: str
) -> None:
    rewritten = rewrite_quarantined(QUARANTINED, content, NOW, redaction(ANN))
    assert rewritten is not None
    [(name, moved)] = rewritten.objects
    assert name.startswith(f"quarantine/{reason}/")
    assert rewritten.taken == QUARANTINED_AS_UNREADABLE
    assert quarantine.decode(moved)[0].reason == reason
    assert rewrite_quarantined(name, moved, NOW, redaction(ANN)) is None, "it is not moved again"
