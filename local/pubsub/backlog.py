"""The unacknowledged messages of one subscription, and when each is due.

Nothing here waits or reads a clock. Callers pass every time as seconds since the epoch.
"""

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from local.pubsub.messages import PubsubMessage

Bury = Callable[[PubsubMessage, int], bool]
"""Publishes a message as a dead letter, with its number of failed deliveries; returns False if the
dead-letter topic was deleted."""


@dataclass(slots=True)
class Pending:
    """A message that is not acknowledged yet, and how often it was delivered."""

    message: PubsubMessage
    attempts: int = 0


class Lease(NamedTuple):
    """One delivery of a message, which expires at ``expires`` (seconds since the epoch)."""

    ack_id: str
    pending: Pending
    expires: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a subscription delivers; durations in seconds.

    Attributes:
        ack_deadline: how long a delivery may take.
        minimum_backoff: the pause after the first failure; each further failure doubles the pause.
        maximum_backoff: the longest pause.
        max_attempts: after how many failures a message becomes a dead letter; None for never.
    """

    ack_deadline: float = 10
    minimum_backoff: float = 0
    maximum_backoff: float = 0
    max_attempts: int | None = None

    def backoff(self, attempts: int) -> float:
        """Return the pause before the next delivery, after a number of failed ones."""
        doublings = min(attempts - 1, 64)  # more would only overflow the float
        return min(self.minimum_backoff * 2.0**doublings, self.maximum_backoff)


class Backlog:
    """Messages are ready, leased to a receiver, or delayed after a failure.

    Args:
        delivery: how messages are delivered; callers may replace it at any time.
        bury: called with each message that failed ``max_attempts`` times.
    """

    def __init__(self, delivery: Delivery, bury: Bury) -> None:
        self.delivery = delivery
        self._bury = bury
        self._ready: deque[Pending] = deque()
        self._leases: dict[str, Lease] = {}
        self._delayed: list[tuple[float, int, Pending]] = []
        self._expiry = math.inf  # no lease expires before this time
        self._sequence = itertools.count(1)

    def __len__(self) -> int:
        """Return the number of unacknowledged messages."""
        return len(self._ready) + len(self._leases) + len(self._delayed)

    def __contains__(self, ack_id: str) -> bool:
        """Say whether a receiver still has this delivery."""
        return ack_id in self._leases

    def put(self, messages: Iterable[PubsubMessage]) -> None:
        """Add messages that were just published."""
        self._ready.extend(map(Pending, messages))

    def take(self, limit: int, now: float, deadline: float | None = None) -> list[Lease]:
        """Lease up to ``limit`` ready messages, by default for the subscription's ack deadline."""
        expires = now + (self.delivery.ack_deadline if deadline is None else deadline)
        taken = []
        for _ in range(min(limit, len(self._ready))):
            pending = self._ready.popleft()
            pending.attempts += 1
            taken.append(Lease(str(next(self._sequence)), pending, expires))
        self._leases.update((lease.ack_id, lease) for lease in taken)
        if taken:
            self._expiry = min(self._expiry, expires)
        return taken

    def acknowledge(self, ack_ids: Iterable[str]) -> None:
        """Forget the messages of these deliveries; ignore deliveries that have expired."""
        for ack_id in ack_ids:
            self._leases.pop(ack_id, None)

    def extend(self, ack_ids: Iterable[str], seconds: float, now: float) -> None:
        """Let these deliveries expire ``seconds`` after ``now``; 0 gives them back at once."""
        if seconds == 0:
            self.fail(ack_ids, now)
            return
        for ack_id in ack_ids:
            if lease := self._leases.get(ack_id):
                self._leases[ack_id] = lease._replace(expires=now + seconds)
        self._expiry = min(self._expiry, now + seconds)

    def fail(self, ack_ids: Iterable[str], now: float) -> None:
        """End these deliveries; their messages become dead letters, or are delayed, or ready."""
        for ack_id in ack_ids:
            if lease := self._leases.pop(ack_id, None):
                self._retry(lease.pending, now)

    def advance(self, now: float) -> bool:
        """Fail expired deliveries, and make messages ready whose pause is over.

        Returns:
            Whether any message changed its state.
        """
        changed = False
        if self._expiry <= now:
            expired = [lease.ack_id for lease in self._leases.values() if lease.expires <= now]
            self.fail(expired, now)
            self._expiry = min((lease.expires for lease in self._leases.values()), default=math.inf)
            changed = bool(expired)
        while self._delayed and self._delayed[0][0] <= now:
            self._ready.append(heapq.heappop(self._delayed)[2])
            changed = True
        return changed

    def _retry(self, pending: Pending, now: float) -> None:
        attempts, limit = pending.attempts, self.delivery.max_attempts
        if limit is not None and attempts >= limit and self._bury(pending.message, attempts):
            return
        if pause := self.delivery.backoff(attempts):
            heapq.heappush(self._delayed, (now + pause, next(self._sequence), pending))
        else:
            self._ready.append(pending)
