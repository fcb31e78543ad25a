"""A circuit breaker: while a service fails, most calls to it fail at once, without an attempt.

A closed breaker admits every call; a failure opens it. An open breaker admits one call, a probe,
some seconds after the last failure or probe. If the probe succeeds, the breaker closes.
"""

import time
from collections.abc import Callable

from functions.observe.log import log


class Breaker:
    """Decides whether this process may try to publish.

    Args:
        retry_seconds: after a failure, and after the start of a probe, the breaker admits no probe
            for this many seconds. A publish must not take longer, so that probes never overlap.
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
        """Whether the breaker is open: it admits no publish except probes."""
        return self._probe_at is not None

    def admits(self) -> bool:
        """Return whether a publish may be tried. If the breaker is open, the publish is a probe."""
        if self._probe_at is None:
            return True
        now = self._clock()
        if now < self._probe_at:
            return False
        self._probe_at = now + self._retry_seconds
        return True

    def failed(self, reason: str) -> None:
        """Record that a publish failed.

        Args:
            reason: a code for the log line.
        """
        if not self.is_open:
            log("WARNING", "spilling", reason=reason)
        self._probe_at = self._clock() + self._retry_seconds

    def succeeded(self) -> None:
        """Record that a publish succeeded."""
        if self.is_open:
            self._probe_at = None
            log("WARNING", "publishing resumed")
