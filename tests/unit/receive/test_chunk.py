"""Requests are divided into pieces that a publish can take."""

from itertools import pairwise
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from functions.events import message
from functions.receive.chunk import cut
from tests.unit.receive.stand_ins import message as a_message


@given(st.lists(st.integers(0, 900), min_size=1, max_size=60))
def test_cutting_loses_nothing_and_keeps_the_limits(lengths: list[int]) -> None:
    messages = [a_message(bytes(length), event=str(place)) for place, length in enumerate(lengths)]
    with (
        patch.object(message, "PUBLISH_BYTES", 2_000),
        patch.object(message, "PUBLISH_MESSAGES", 4),
    ):
        chunks = list(cut(messages, until=7.0))
    assert [event for chunk in chunks for event in chunk.messages] == messages
    for chunk in chunks:
        assert 1 <= len(chunk.messages) <= 4
        assert chunk.size == sum(event.size for event in chunk.messages)
        assert chunk.size <= 2_000
        assert chunk.until == 7.0
    for chunk, following in pairwise(chunks):
        fits = chunk.size + following.messages[0].size <= 2_000
        assert len(chunk.messages) == 4 or not fits, "each piece is as large as possible"
