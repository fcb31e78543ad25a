"""A circuit breaker: while a service fails, it is spared, and its callers do not wait for it.

Closed, everything passes. A failure opens it. Open, one probe passes at a time, some seconds after
the last failure; a success closes it.
"""

import time
from collections.abc import Callable

from functions.observe.log import log


class Breaker:
    """Guards the publishes of one process.

    Args:
        retry_seconds: from a failure, or a probe's start, to the next probe. Longer than a publish
            may take, so that probes never overlap.
        clock: monotonic, seconds.
    """

    def __init__(
        self, *, retry_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._retry_seconds = retry_seconds
        self._clock = clock
        self._probe_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the service is being spared."""
        return self._probe_at is not None

    def admits(self) -> bool:
        """Tell whether to try now; what is admitted while it is open is the probe."""
        if self._probe_at is None:
            return True
        now = self._clock()
        if now < self._probe_at:
            return False
        self._probe_at = now + self._retry_seconds
        return True

    def failed(self, reason: str) -> None:
        """Note a failure.

        Args:
            reason: a code for the log.
        """
        if not self.is_open:
            log("WARNING", "spilling", reason=reason)
        self._probe_at = self._clock() + self._retry_seconds

    def succeeded(self) -> None:
        """Note a success."""
        if self.is_open:
            self._probe_at = None
            log("WARNING", "publishing resumed")
