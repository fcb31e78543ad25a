"""Ingest ids are unique, or the same only for the same event of the same sender."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.acceptance.ingest_id import derived, fresh, is_fresh, of_request

TEXT = st.text(st.characters(codec=None), max_size=5) | st.text("ab", max_size=3)
DATA = st.sampled_from([b"", b"a", b"b", b"ab"])
EVENTS = st.tuples(TEXT, TEXT, TEXT, DATA, st.integers(0, 1_000))
REQUESTS = st.lists(st.sampled_from([b"1", b"2", b"[]", b"{}"]), max_size=8)


def test_fresh_ids_are_version_7_differ_and_sort_by_time() -> None:
    ids = [fresh() for _ in range(1_000)]
    assert len(set(ids)) == 1_000
    assert ids[0] < ids[-1]
    assert {uuid.UUID(ingest_id).version for ingest_id in ids} == {7}
    assert all(map(is_fresh, ids))


@given(EVENTS, EVENTS)
def test_derived_ids_differ_exactly_where_the_events_do(
    one: tuple[str, str, str, bytes, int], other: tuple[str, str, str, bytes, int]
) -> None:
    assert (derived(*one) == derived(*other)) is (one == other)
    assert not is_fresh(derived(*one))


@given(TEXT, TEXT, TEXT)
def test_parts_of_an_id_cannot_be_divided_differently(a: str, b: str, c: str) -> None:
    parts = [(a + b, c), (a, b + c)]
    ids = {derived(partner, "chat", own, b"", 0) for partner, own in parts}
    assert len(ids) == len(set(parts))
    assert derived("p", a, b + c, b"", 0) == derived("p", a, b + c, b"", 0)


def test_a_derived_id_is_a_uuid_and_never_changes() -> None:
    """If the algorithm changed, each retry that is under way would be stored as a new event."""
    made = derived("acme", "chat", "msg_1", b"{}", 0)
    assert (uuid.UUID(made).version, uuid.UUID(made).variant) == (8, uuid.RFC_4122)
    assert made == "48134044-fb36-8b43-9201-04d27f5bf631"
    assert len(derived("acme", "chat", "ü" * 10_000, b"{}", 0)) == 36


@given(REQUESTS, st.data())
def test_a_retry_of_some_events_in_any_order_has_ids_of_the_request(
    events: list[bytes], data: st.DataObject
) -> None:
    ids = of_request("acme", "chat", "msg_1", events)
    assert len(set(ids)) == len(events), "equal events in one request are different events"
    some = data.draw(st.lists(st.sampled_from(events or [b""]), unique=True))
    again = of_request("acme", "chat", "msg_1", [b" " + event + b"\r\n" for event in some])
    assert not events or set(again) <= set(ids)
    shuffled = data.draw(st.permutations(events))
    assert sorted(of_request("acme", "chat", "msg_1", shuffled)) == sorted(ids)
    assert not events or set(of_request("acme", "chat", "msg_2", events)).isdisjoint(ids)


@pytest.mark.parametrize("events", [[], [b"1"], [b"1", b"1"]])
def test_events_of_a_request_without_an_id_are_new_ones(events: list[bytes]) -> None:
    first, second = (of_request("acme", "chat", "", events) for _ in range(2))
    assert len({*first, *second}) == 2 * len(events)
    assert all(map(is_fresh, first))
