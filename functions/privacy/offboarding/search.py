"""A search for closed partners' data outside the tables: its settings, and its findings."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from functions.privacy.deadline import Deadline, OutOfTime
from functions.privacy.offboarding.closed_partners import ClosedPartners

Retain = Callable[[str, bytes, Mapping[str, str]], Awaitable[None]]
"""Stores an event on hold. Takes the partner, the event's bytes and its message's attributes."""

PlaceCounts = Counter[tuple[str, str]]
"""Numbers of objects and events, by partner and place."""


@dataclass(slots=True)
class Findings:
    """How many objects and events a search found.

    Attributes:
        total: all objects and events.
        on_hold: how many of the total stay because a legal hold keeps them.
        deleted: how many of the total this search deleted. What another run deleted at the same
            time is not included.
        unreadable: how many objects cannot be parsed. Their partner is unknown, so they stay. The
            total does not include them.
    """

    total: PlaceCounts = field(default_factory=Counter)
    on_hold: PlaceCounts = field(default_factory=Counter)
    deleted: PlaceCounts = field(default_factory=Counter)
    unreadable: PlaceCounts = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Search:
    """A search for data of closed partners outside the tables.

    Attributes:
        closed: the partners to search for.
        findings: the numbers that the search has counted so far.
        retain: stores an event that is on hold.
        out_of_time: returns whether the time limit is reached.
        dry_run: whether to only count, and change nothing.
    """

    closed: ClosedPartners
    findings: Findings
    retain: Retain
    out_of_time: Deadline
    dry_run: bool = False

    def check_time(self) -> None:
        """Check that the time limit is not reached.

        Raises:
            OutOfTime: the time limit is reached.
        """
        if self.out_of_time():
            raise OutOfTime

    async def keeps(self, partner: str, data: bytes, attributes: Mapping[str, str]) -> bool:
        """Return whether a legal hold keeps an event. If so, store the event, except in a dry run.

        Raises:
            BucketUnavailable: it is unknown whether the event is stored.
        """
        if not self.closed.keeps(partner, data, attributes):
            return False
        if not self.dry_run:
            await self.retain(partner, data, attributes)
        return True

    async def sort(
        self, place: str, events: Iterable[tuple[str, bytes, Mapping[str, str]]]
    ) -> PlaceCounts:
        """Count events of closed partners, and store those on hold. A dry run only counts.

        Args:
            place: the place where the events were found.
            events: for each event, its partner, its bytes, and the attributes of its message.

        Returns:
            The numbers of events that may be deleted. After deleting them, the caller adds these
            numbers to `Findings.deleted`.

        Raises:
            BucketUnavailable: it is unknown whether an event is stored.
        """
        deletable: PlaceCounts = Counter()
        for partner, data, attributes in events:
            self.findings.total[partner, place] += 1
            if not await self.keeps(partner, data, attributes):
                deletable[partner, place] += 1
            elif self.dry_run:
                self.findings.on_hold[partner, place] += 1
        return deletable
