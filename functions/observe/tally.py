"""Lines that count what an instance does, written at most once a second.

Log-based metrics and alerts read these lines. Nothing is to run after a response, for the instance
may be frozen then: so what comes a second or more after the last line is written before its own
answer, and the timer is for what follows within the second.
"""

import asyncio
import math
import signal
import time
from collections.abc import Callable
from types import FrameType

import msgspec

INTERVAL_SECONDS = 1.0


class Milliseconds(msgspec.Struct, frozen=True):
    """A distribution of durations.

    Attributes:
        p50: half of them are at most this long.
        p99: all but a hundredth are at most this long.
        max: the longest.
    """

    p50: float
    p99: float
    max: float

    @classmethod
    def of(cls, seconds: list[float]) -> "Milliseconds":
        """Summarise durations, at least one (nearest rank)."""
        ordered = sorted(seconds)

        def rank(share: float) -> float:
            return round(ordered[math.ceil(share * len(ordered)) - 1] * 1000, 1)

        return cls(rank(0.5), rank(0.99), rank(1))


class Paced:
    """Writes when it is due.

    Args:
        write: writes what was counted since, and says whether there was anything.
        clock: monotonic, seconds.
    """

    def __init__(
        self, write: Callable[[], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write
        self._clock = clock
        self._interval = INTERVAL_SECONDS
        self._written_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def write_when_due(self) -> None:
        """Write now or within a second; call it at the end of every request."""
        if self._timer is not None:
            return
        wait = self._written_at + self._interval - self._clock()
        if wait <= 0:
            self.write()
        else:
            self._timer = asyncio.get_running_loop().call_later(wait, self.write)

    def write(self) -> None:
        """Write now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._write():
            self._written_at = self._clock()

    def finish_at_sigterm(self) -> None:
        """From SIGTERM on, write at every request's end.

        The server finishes its requests then, and ends by the signal's default: there is no
        later chance. Its own handler is called as before. Call it in the main thread.
        """
        loop = asyncio.get_running_loop()
        stop = signal.getsignal(signal.SIGTERM)

        def finish() -> None:
            self._interval = 0.0
            self.write()

        def handle(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(finish)
            if callable(stop):
                stop(number, frame)

        signal.signal(signal.SIGTERM, handle)
