"""A circuit breaker: while a service fails, callers neither load it nor wait for it.

A closed breaker admits every call. A failure opens it. An open breaker admits one probe at a time,
some seconds after the last failure; a success closes it.
"""

import time
from collections.abc import Callable

from functions.observe.log import log


class Breaker:
    """The breaker for the publishes of one process.

    Args:
        retry_seconds: the seconds from a failure, or the start of a probe, to the next probe. Must
            be longer than a publish may take, so that probes never overlap.
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
        """Whether the breaker is open: calls fail without an attempt."""
        return self._probe_at is not None

    def admits(self) -> bool:
        """Return whether a call may be made now; while the breaker is open, that is the probe."""
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
