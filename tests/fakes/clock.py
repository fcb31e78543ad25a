"""A clock that a test sets, and an event loop that moves it instead of waiting."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

from tests.fakes.hook import Hook


class Clock:
    """A clock that stands still until a test, or code that sleeps, moves it.

    Attributes:
        now: the time in seconds.
        pauses: the seconds of each sleep.
    """

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def passing(self, seconds: float) -> Hook:
        """Return a hook for another fake, whose actions then take `seconds` each."""

        def pass_time(action: str) -> None:
            self.now += seconds

        return pass_time


class _Selector(selectors.DefaultSelector):
    """Moves the clock instead of waiting."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        self._clock.now += timeout or 0.0
        return super().select(0)


def run(main: Coroutine[Any, Any, None], clock: Clock) -> None:
    """Run a coroutine on a loop that takes its time from the clock."""
    loop = asyncio.SelectorEventLoop(_Selector(clock))
    loop.time = clock  # type: ignore[method-assign]  # asyncio's own tests do the same
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(main)
