"""Limits the log lines that count an instance's work to one line a second.

Log-based metrics and alerts read these lines. Cloud Run may freeze an instance after a response, so
it is best to write a line before the response. A request does so if the last line is at least a
second old. Otherwise a timer writes the line when that second is over.
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
    """A summary of durations, in milliseconds.

    Attributes:
        p50: the median.
        p99: the 99th percentile.
        max: the longest duration.
    """

    p50: float
    p99: float
    max: float

    @classmethod
    def of(cls, seconds: list[float]) -> "Milliseconds":
        """Summarise at least one duration, given in seconds. Percentiles use the nearest rank."""
        ordered = sorted(seconds)

        def rank(share: float) -> float:
            return round(ordered[math.ceil(share * len(ordered)) - 1] * 1000, 1)

        return cls(rank(0.5), rank(0.99), rank(1))


class Paced:
    """Calls `write`, a function that writes a log line, at most once a second.

    Args:
        write: writes a line with the counts since the last line, and returns True; if there are no
            counts, it writes no line and returns False.
        clock: returns monotonic seconds.
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
        """Write the log line now or within a second. Call this at the end of every request."""
        if self._timer is not None:
            return
        wait = self._written_at + self._interval - self._clock()
        if wait <= 0:
            self.write()
        else:
            self._timer = asyncio.get_running_loop().call_later(wait, self.write)

    def write(self) -> None:
        """Write the log line now, and stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._write():
            self._written_at = self._clock()

    def finish_at_sigterm(self) -> None:
        """After SIGTERM, write the log line at the end of every request.

        After SIGTERM, the server finishes its requests, and then the process ends. A timer might be
        too late. The server's own handler of SIGTERM still runs. Call this in the main thread.
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
