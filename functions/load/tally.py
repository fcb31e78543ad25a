"""Counts the results of deliveries; docs/operations.md describes the fields of the log line."""

from collections import Counter

import msgspec

from functions.observe.log import log
from functions.observe.tally import Milliseconds


class LoadCounts(msgspec.Struct):
    """The counts of one log line.

    Attributes:
        stored: the number of deliveries whose rows are in BigQuery.
        closed: the number of dropped deliveries of closed partners.
        quarantined: the number of deliveries that can never be stored, by reason.
        refused: the number of deliveries that Pub/Sub should repeat, by reason.
        identities_refused: the number of identities that BigQuery refused; their events are stored.
        freshness_ms: how long stored deliveries took from receipt to storage; None if none was
            stored.
    """

    stored: int = 0
    closed: int = 0
    quarantined: Counter[str] = msgspec.field(default_factory=Counter)
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    identities_refused: int = 0
    freshness_ms: Milliseconds | None = None


class LoadTally:
    """Counts the results of deliveries, and writes the log line ``loaded``.

    Attributes:
        counts: the counts since the last line.
    """

    def __init__(self) -> None:
        self.counts = LoadCounts()
        self._freshness: list[float] = []

    def store(self, freshness: float) -> None:
        """Count a stored delivery.

        Args:
            freshness: the seconds from the receipt of the event until its row was stored.
        """
        self.counts.stored += 1
        self._freshness.append(freshness)

    def write(self) -> bool:
        """Write the log line if there are counts; return whether it was written."""
        if self._freshness:
            self.counts.freshness_ms = Milliseconds.of(self._freshness)
        counts, self.counts, self._freshness = self.counts, LoadCounts(), []
        if counts == LoadCounts():
            return False
        log("INFO", "loaded", **msgspec.structs.asdict(counts))
        return True
