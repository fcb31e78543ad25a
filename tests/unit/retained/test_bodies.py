"""What is kept of a request's events, and read again with their places."""

from itertools import count, islice

from hypothesis import given
from hypothesis import strategies as st

from functions.acceptance.body import parse
from functions.retained.bodies import join, split
from functions.retained.quarantine import Quarantined

ELEMENTS = st.sampled_from(
    [b"1", b"[]", b"[1, [2]]", b'{"event": "a", "value": {}}', b'{\n"event": "\\ud83d"}', b"null"]
)


def record(positions: list[int]) -> Quarantined:
    return Quarantined("project_unknown", "acme", "chat", "", "", positions=positions)


@given(st.lists(ELEMENTS, min_size=1, max_size=9), st.integers(1, 5))
def test_events_are_read_as_they_were_with_their_places(events: list[bytes], step: int) -> None:
    places = list(islice(count(2, step), len(events)))
    parts = split(record(places), join(events))
    assert [position for position, _ in parts] == places
    assert [event.data for _, event in parts] == events


@given(st.lists(ELEMENTS, min_size=1, max_size=9), st.sampled_from([b"\n", b" \r\n\n"]))
def test_a_whole_request_has_the_places_that_it_had(events: list[bytes], between: bytes) -> None:
    body = between.join([b"{}", *events])
    assert split(record([]), body) == [*enumerate(parse(body, len(body)))]
