"""Counts what becomes of deliveries; docs/operations.md lists the fields of the line."""

from collections import Counter

import msgspec

from functions.observe.log import log
from functions.observe.tally import Milliseconds


class LoadCounts(msgspec.Struct):
    """What a line tells of its interval.

    Attributes:
        stored: deliveries whose rows are in BigQuery.
        closed: deliveries of partners who have left: dropped.
        quarantined: deliveries that can never be stored, by reason.
        refused: deliveries that Pub/Sub is to bring again, by reason.
        identities_refused: identities that BigQuery does not take; their events are stored.
        freshness_ms: from receipt to storage, of those stored; None where there was none.
    """

    stored: int = 0
    closed: int = 0
    quarantined: Counter[str] = msgspec.field(default_factory=Counter)
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    identities_refused: int = 0
    freshness_ms: Milliseconds | None = None


class Tally:
    """Counts, and writes the line.

    Attributes:
        counts: since the last line.
    """

    def __init__(self) -> None:
        self.counts = LoadCounts()
        self._freshness: list[float] = []

    def store(self, freshness: float) -> None:
        """Count a stored delivery.

        Args:
            freshness: seconds from its receipt until now.
        """
        self.counts.stored += 1
        self._freshness.append(freshness)

    def write(self) -> bool:
        """Write the line, unless there is nothing to tell; say whether there was."""
        if self._freshness:
            self.counts.freshness_ms = Milliseconds.of(self._freshness)
        counts, self.counts, self._freshness = self.counts, LoadCounts(), []
        if counts == LoadCounts():
            return False
        log("INFO", "loaded", **msgspec.structs.asdict(counts))
        return True
