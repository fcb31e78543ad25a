"""Ingest ids: unique, or the same for the same event of the same sender and for no other."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from functions.acceptance.ingest_id import derived, fresh

TEXT = st.text(st.characters(codec=None), max_size=5) | st.text("ab", max_size=3)
EVENTS = st.tuples(TEXT, TEXT, TEXT, st.integers(0, 1_000))


def test_fresh_ids_are_version_7_differ_and_sort_by_time() -> None:
    ids = [fresh() for _ in range(1_000)]
    assert len(set(ids)) == 1_000
    assert ids[0] < ids[-1]
    assert {uuid.UUID(ingest_id).version for ingest_id in ids} == {7}


@given(EVENTS, EVENTS)
def test_derived_ids_differ_exactly_where_the_events_do(
    one: tuple[str, str, str, int], other: tuple[str, str, str, int]
) -> None:
    assert (derived(*one) == derived(*other)) is (one == other)


@given(TEXT, TEXT, TEXT)
def test_no_text_can_move_from_one_part_into_the_next(a: str, b: str, c: str) -> None:
    parts = [(a + b, c), (a, b + c)]
    ids = {derived(partner, "chat", own, 0) for partner, own in parts}
    assert len(ids) == len(set(parts))
    assert derived("p", a, b + c, 0) == derived("p", a, b + c, 0)


def test_a_derived_id_is_a_uuid_and_stays_what_it_is() -> None:
    """Changing how it is made would store every retry that is under way a second time."""
    made = derived("acme", "chat", "msg_1", 0)
    assert (uuid.UUID(made).version, uuid.UUID(made).variant) == (8, uuid.RFC_4122)
    assert made == "494b9f07-5443-8edc-92d0-bb35706cc125"
    assert len(derived("acme", "chat", "ü" * 10_000, 0)) == 36
