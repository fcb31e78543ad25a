"""Bodies: read up to a limit, and no more of them held than memory has room for."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive

from functions.batching import QueueFull
from functions.intake import BodyIncomplete, BodyTooLarge, Intake

DISCONNECT: Message = {"type": "http.disconnect"}


def parts(*chunks: bytes) -> list[Message]:
    last = len(chunks) - 1
    return [
        {"type": "http.request", "body": chunk, "more_body": position < last}
        for position, chunk in enumerate(chunks)
    ]


def receiving(messages: Sequence[Message]) -> Receive:
    coming = iter(messages)

    async def receive() -> Message:
        for message in coming:
            return message
        raise ConnectionResetError

    return receive


async def has_room_for(intake: Intake, size: int) -> bool:
    """Whether a body of that size would be held."""
    try:
        intake.release(await intake.read(receiving(parts(bytes(size)))))
    except QueueFull:
        return False
    return True


async def test_bytes_are_held_until_the_answer() -> None:
    intake = Intake(100)
    first = await intake.read(receiving(parts(bytes(30), bytes(30))))
    assert not await has_room_for(intake, 41)
    assert await has_room_for(intake, 40)
    intake.release(first)
    assert await has_room_for(intake, 100)


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=5), st.integers(0, 20))
async def test_a_body_is_read_up_to_its_limit(chunks: list[bytes], limit: int) -> None:
    intake, whole = Intake(1_000), b"".join(chunks)
    if len(whole) <= limit:
        assert await intake.read(receiving(parts(*chunks)), limit) == whole
        intake.release(whole)
    else:
        with pytest.raises(BodyTooLarge):
            await intake.read(receiving(parts(*chunks)), limit)
    assert await has_room_for(intake, 1_000)


@pytest.mark.parametrize(
    ("messages", "failure"),
    [
        ([DISCONNECT], BodyIncomplete),
        ([*parts(b"a", b"b")[:1], DISCONNECT], BodyIncomplete),
        (parts(b"a", b"b")[:1], ConnectionResetError),
        (parts(b"a" * 60, b"b" * 41), QueueFull),
    ],
)
async def test_of_a_body_that_is_not_read_to_its_end_nothing_is_held(
    messages: list[Message], failure: type[Exception]
) -> None:
    intake = Intake(100)
    with pytest.raises(failure):
        await intake.read(receiving(messages))
    assert await has_room_for(intake, 100)


async def test_a_message_without_a_body_is_an_empty_one() -> None:
    assert await Intake(0).read(receiving([{"type": "http.request"}])) == b""


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50)), max_size=60))
async def test_no_sequence_holds_more_than_allowed(steps: list[tuple[int, int]]) -> None:
    """Requests are read, or answered (size 0), in any order."""
    intake, limit = Intake(100), 100
    held = dict.fromkeys(range(10), b"")
    for number, size in steps:
        intake.release(held[number])
        held[number] = b""
        if sum(map(len, held.values())) + size > limit:
            with pytest.raises(QueueFull):
                await intake.read(receiving(parts(bytes(size))))
        else:
            held[number] = await intake.read(receiving(parts(bytes(size))))
