"""Refused events of a request are kept, and are read again with their places and ids."""

from itertools import count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.acceptance import ingest_id
from functions.acceptance.body import parse
from functions.acceptance.values import NotJson
from functions.retained.bodies import join, split
from functions.retained.quarantine import Quarantined

ELEMENTS = st.sampled_from(
    [b"1", b"[]", b"[1, [2]]", b'{"event": "a", "value": {}}', b'{\n"event": "\\ud83d"}', b"null"]
)


def record(ids: dict[int, str], sender_id: str = "") -> Quarantined:
    return Quarantined(
        "project_unknown", "acme", "chat", "", "", sender_id=sender_id, ingest_ids=ids
    )


@given(st.lists(ELEMENTS, min_size=1, max_size=9), st.integers(1, 5))
def test_events_are_read_as_they_were_with_their_places(events: list[bytes], step: int) -> None:
    ids = {place: f"id {place}" for place in islice(count(2, step), len(events))}
    parts = split(record(ids), join(events))
    assert {part.position: part.ingest_id for part in parts} == ids
    assert [part.event.data for part in parts] == events


@given(st.lists(ELEMENTS, min_size=1, max_size=9), st.sampled_from([b"\n", b" \r\n\n"]))
def test_a_whole_request_has_the_places_that_it_had(events: list[bytes], between: bytes) -> None:
    body = between.join([b"{}", *events])
    parts = split(record({}, "msg_1"), body)
    assert [(part.position, part.event) for part in parts] == [*enumerate(parse(body, len(body)))]
    sent = [part.event.data for part in parts]
    ids = ingest_id.of_request("acme", "chat", "msg_1", sent)
    assert [part.ingest_id for part in parts] == ids, "the same ids as if the sender repeats them"


def test_events_without_an_id_of_the_request_have_the_same_ids_at_each_replay() -> None:
    body = join([b"1", b"1", b"2"])
    first, second = (split(record({}), body) for _ in range(2))
    assert first == second
    assert len({part.ingest_id for part in first}) == 3
    other = split(record({}), join([b"1", b"1"]))
    assert {part.ingest_id for part in first}.isdisjoint(part.ingest_id for part in other)


@pytest.mark.parametrize("events", [[b"1"], [b"1", b"2", b"3"]])
def test_a_body_with_other_events_than_its_record_says_is_refused(events: list[bytes]) -> None:
    with pytest.raises(NotJson):
        split(record({1: "a", 2: "b"}), b"[" + b",".join(events) + b"]")
