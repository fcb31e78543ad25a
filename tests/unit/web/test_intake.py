"""Bodies are read up to a limit, and only as many are held as there is memory for."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive

from functions.web.batching import QueueFull
from functions.web.intake import BodyIncomplete, BodyLate, BodyTooLarge, Intake, Shares

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
    """Say whether the intake has room for a body of this size."""
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
async def test_an_unfinished_body_holds_no_memory(
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
    """Bodies are read, or released after the answer (size 0), in any order."""
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


async def never() -> Message:
    """Wait for ever, as for a message that never comes."""
    await asyncio.Event().wait()
    raise AssertionError


def unfinished(*chunks: bytes) -> Receive:
    """Return a function that receives these chunks, and then waits for ever."""
    coming = iter(parts(*chunks, b"")[:-1])

    async def receive() -> Message:
        for message in coming:
            return message
        return await never()

    return receive


async def opened(intake: Intake, owner: str, number: int, size: int) -> list[asyncio.Task[bytes]]:
    """Begin to read a number of bodies of an owner, which do not end."""
    reading = [
        asyncio.create_task(intake.read(unfinished(bytes(size)), owner=owner))
        for _ in range(number)
    ]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return reading


async def refusals(reading: list[asyncio.Task[bytes]]) -> int:
    """Return how many of these bodies were refused; cancel the others."""
    for task in reading:
        task.cancel()
    ended = await asyncio.gather(*reading, return_exceptions=True)
    return sum(isinstance(result, QueueFull) for result in ended)


@pytest.mark.parametrize("size", [0, 1, 100])
async def test_unfinished_bodies_of_one_partner_do_not_block_another(size: int) -> None:
    intake = Intake(1_000, max_unfinished=20)
    hanging = await opened(intake, "hostile", 300, size)
    assert await intake.read(receiving(parts(b"a" * 100)), owner="other") == b"a" * 100
    intake.release(b"a" * 100, "other")
    assert await refusals(hanging) >= 290
    assert await has_room_for(intake, 1_000)


async def test_several_partners_that_take_their_shares_leave_something_for_another() -> None:
    intake = Intake(1_000, max_unfinished=1_000)
    hanging = [
        task for number in range(5) for task in await opened(intake, f"hostile{number}", 100, 10)
    ]
    assert await intake.read(receiving(parts(b"a" * 15)), owner="other") == b"a" * 15
    await refusals(hanging)


async def test_a_body_that_does_not_end_in_time_is_late_and_holds_nothing() -> None:
    intake = Intake(100, seconds=0.01)
    for receive in (never, unfinished(bytes(50))):
        with pytest.raises(BodyLate):
            await intake.read(receive, owner="a")
    assert await has_room_for(intake, 100)


async def test_a_body_that_trickles_is_late_however_often_something_comes() -> None:
    async def trickle() -> Message:
        await asyncio.sleep(0.005)
        return {"type": "http.request", "body": b"a", "more_body": True}

    with pytest.raises(BodyLate):
        await Intake(10_000, seconds=0.03).read(trickle)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.booleans()), max_size=40),
    st.integers(1, 100),
)
def test_an_owner_holds_at_most_as_much_as_it_leaves_free(
    steps: list[tuple[str, int, bool]], size: int
) -> None:
    shares, held = Shares(size), Counter[str]()
    for owner, amount, takes in steps:
        if not takes:
            shares.give(held.pop(owner, 0), owner)
            continue
        free = size - held.total() - amount
        try:
            shares.take(amount, owner)
        except QueueFull:
            assert held[owner] + amount > free
        else:
            held[owner] += amount
            assert held[owner] <= free or amount == 0
