"""Many tasks share one time limit, and each task has its own time."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.web.time_limit import TimeLimit
from tests.fakes.clock import Clock, run

SECONDS = 10.0


class Late(Exception):
    """The time limit ended the step."""


async def step(limit: TimeLimit, seconds: float) -> str:
    """Wait some seconds under the time limit, as `Intake` does while it reads a body."""
    task = limit.begin()
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        if limit.is_late(task):
            raise Late from None
        raise
    finally:
        limit.end(task)
    return "in time"


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 25)), min_size=1, max_size=12))
def test_each_task_is_cancelled_when_its_time_is_over_and_no_other(
    steps: list[tuple[int, int]],
) -> None:
    clock = Clock()

    async def start(limit: TimeLimit, begins: int, takes: int) -> tuple[str, float]:
        await asyncio.sleep(begins)
        began = clock.now
        try:
            result = await step(limit, takes)
        except Late:
            result = "late"
        await asyncio.sleep(0)  # a cancellation that came too late would be raised here
        return result, clock.now - began

    async def main() -> None:
        limit = TimeLimit(SECONDS)
        results = await asyncio.gather(*(start(limit, *times) for times in steps))
        for (_, takes), (result, took) in zip(steps, results, strict=True):
            if takes != SECONDS:  # at exactly this moment, both outcomes are possible
                assert (result == "late") == (takes > SECONDS)
            assert took == pytest.approx(min(takes, SECONDS), abs=1e-6)

    run(main(), clock)


def test_a_task_that_its_server_cancels_is_not_late() -> None:
    async def main() -> None:
        task = asyncio.create_task(step(TimeLimit(SECONDS), 60.0))
        await asyncio.sleep(1.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main(), Clock())


def test_a_task_that_its_server_cancels_when_it_is_late_stays_cancelled() -> None:
    async def main() -> None:
        task = asyncio.create_task(step(TimeLimit(SECONDS), 60.0))
        await asyncio.sleep(0)
        # The timer of the limit is due at the same moment, and it was set first.
        asyncio.get_running_loop().call_later(SECONDS, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main(), Clock())
