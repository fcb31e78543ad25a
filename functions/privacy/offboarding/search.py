"""One search for closed partners' data outside the tables."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from functions.privacy.deadline import Deadline, OutOfTime
from functions.privacy.offboarding.closed_partners import ClosedPartners

Retain = Callable[[str, bytes, Mapping[str, str]], Awaitable[None]]
"""Retains an event. Its arguments: partner, the sender's bytes, attributes of the message."""

PlaceCounts = Counter[tuple[str, str]]
"""Numbers by partner and place."""


@dataclass(slots=True)
class Findings:
    """Numbers of objects and events that a search found.

    Attributes:
        total: all objects and events.
        on_hold: those of the total that are on hold and stay where they are.
        deleted: those of the total that were deleted.
        unreadable: objects that cannot be parsed and therefore stay; not in the total.
    """

    total: PlaceCounts = field(default_factory=Counter)
    on_hold: PlaceCounts = field(default_factory=Counter)
    deleted: PlaceCounts = field(default_factory=Counter)
    unreadable: PlaceCounts = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Search:
    """A search: the partners, what to do with their data, and the findings.

    Attributes:
        closed: the partners to search for.
        findings: gets the counts.
        retain: retains an event that is on hold.
        out_of_time: returns whether the time is over.
        dry_run: whether to count only.
    """

    closed: ClosedPartners
    findings: Findings
    retain: Retain
    out_of_time: Deadline
    dry_run: bool = False

    def check_time(self) -> None:
        """Check that there is time left.

        Raises:
            OutOfTime: the time is over.
        """
        if self.out_of_time():
            raise OutOfTime

    async def keeps(self, partner: str, data: bytes, attributes: Mapping[str, str]) -> bool:
        """Return whether a legal hold keeps an event. If so, retain it, unless this is a dry run.

        Raises:
            BucketUnavailable: it is unknown whether the event is retained.
        """
        if not self.closed.keeps(partner, data, attributes):
            return False
        if not self.dry_run:
            await self.retain(partner, data, attributes)
        return True

    async def sort(
        self, place: str, events: Iterable[tuple[str, bytes, Mapping[str, str]]]
    ) -> PlaceCounts:
        """Count partners' events, and retain those that are on hold.

        Args:
            place: the place of the events.
            events: partner, bytes and attributes of the message of each event.

        Returns:
            The numbers of events that may be deleted. After deleting them, the caller adds these
            numbers to `Findings.deleted`.

        Raises:
            BucketUnavailable: it is unknown whether an event is retained.
        """
        deletable: PlaceCounts = Counter()
        for partner, data, attributes in events:
            self.findings.total[partner, place] += 1
            if not await self.keeps(partner, data, attributes):
                deletable[partner, place] += 1
            elif self.dry_run:
                self.findings.on_hold[partner, place] += 1
        return deletable
