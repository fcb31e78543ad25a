"""How many bytes of bodies may be in memory."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.batching import QueueFull
from functions.intake import Intake, MeteredReceive


def receiving(intake: Intake, size: int) -> MeteredReceive:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": bytes(size)}

    return MeteredReceive(receive, intake)


async def test_bytes_are_held_until_the_answer() -> None:
    intake = Intake(100)
    first, second = receiving(intake, 60), receiving(intake, 60)
    await first()
    with pytest.raises(QueueFull):
        await second()
    second.release()
    first.release()
    await second()


async def test_a_disconnect_holds_nothing() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    assert await MeteredReceive(receive, Intake(0))() == {"type": "http.disconnect"}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50)), max_size=60))
async def test_no_sequence_holds_more_than_allowed(steps: list[tuple[int, int]]) -> None:
    """Requests read pieces, or are answered (size 0), in any order."""
    intake, limit = Intake(100), 100
    held = [0] * 10
    requests = [receiving(intake, 0) for _ in range(10)]
    for number, size in steps:
        if size == 0:
            requests[number].release()
            held[number] = 0
            continue

        async def receive(size: int = size) -> dict[str, Any]:
            return {"type": "http.request", "body": bytes(size)}

        requests[number]._receive = receive
        if sum(held) + size > limit:
            with pytest.raises(QueueFull):
                await requests[number]()
        else:
            await requests[number]()
            held[number] += size
