"""A circuit breaker: while a service fails, most calls to it fail at once, without an attempt.

A closed breaker admits every call; a failure opens it. An open breaker admits one call, a probe,
some seconds after the last failure or probe. If the probe succeeds, the breaker closes.
"""

import time
from collections.abc import Callable

from functions.observe.log import log


class Breaker:
    """The breaker for the publishes of one process.

    Args:
        retry_seconds: the seconds after a failure, or after the start of a probe, until the next
            probe. This must be longer than a publish can take, so that probes never overlap.
        clock: returns monotonic seconds.
    """

    def __init__(
        self, *, retry_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._retry_seconds = retry_seconds
        self._clock = clock
        self._probe_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the breaker is open, so that all calls except probes fail at once."""
        return self._probe_at is not None

    def admits(self) -> bool:
        """Return whether a call may be made. While the breaker is open, that call is a probe."""
        if self._probe_at is None:
            return True
        now = self._clock()
        if now < self._probe_at:
            return False
        self._probe_at = now + self._retry_seconds
        return True

    def failed(self, reason: str) -> None:
        """Record a failure.

        Args:
            reason: a code for the log line.
        """
        if not self.is_open:
            log("WARNING", "spilling", reason=reason)
        self._probe_at = self._clock() + self._retry_seconds

    def succeeded(self) -> None:
        """Record a success."""
        if self.is_open:
            self._probe_at = None
            log("WARNING", "publishing resumed")
