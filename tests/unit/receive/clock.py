"""Time that goes on when it is told to, or as soon as everybody waits."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class _Selector(selectors.DefaultSelector):
    """Waits for no time at all: it sets the clock on by as much instead."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        self._clock.now += timeout or 0.0
        return super().select(0)


def run(main: Coroutine[Any, Any, None], clock: Clock) -> None:
    """Run a coroutine on a loop whose time is the clock's."""
    loop = asyncio.SelectorEventLoop(_Selector(clock))
    loop.time = clock  # type: ignore[method-assign]  # what asyncio's own tests do
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(main)
