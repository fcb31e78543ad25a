"""One search for closed partners' data outside the tables."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from functions.privacy.deadline import Deadline, OutOfTime
from functions.privacy.offboarding.closed_partners import ClosedPartners

Retain = Callable[[str, bytes, Mapping[str, str]], Awaitable[None]]
"""Retains an event: takes its partner, the sender's own bytes, and its message's attributes."""

PlaceCounts = Counter[tuple[str, str]]
"""Numbers by partner and place."""


@dataclass(slots=True)
class Findings:
    """Numbers of objects and events that a search found.

    Attributes:
        total: all of them.
        on_hold: of these, the ones that a legal hold keeps where they are.
        deleted: of these, the ones that are deleted by now.
        unreadable: objects that cannot be parsed and therefore stay; not in the total.
    """

    total: PlaceCounts = field(default_factory=Counter)
    on_hold: PlaceCounts = field(default_factory=Counter)
    deleted: PlaceCounts = field(default_factory=Counter)
    unreadable: PlaceCounts = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Search:
    """A search: whose data to look for, what to do with it, and what was found.

    Attributes:
        closed: the partners.
        findings: gets the counts.
        retain: retains an event that a legal hold keeps.
        out_of_time: says whether the time is over.
        dry_run: count only.
    """

    closed: ClosedPartners
    findings: Findings
    retain: Retain
    out_of_time: Deadline
    dry_run: bool = False

    def check_time(self) -> None:
        """Return if there is time left.

        Raises:
            OutOfTime: the time is over.
        """
        if self.out_of_time():
            raise OutOfTime

    async def keeps(self, partner: str, data: bytes, attributes: Mapping[str, str]) -> bool:
        """Say whether a legal hold keeps an event. If so, retain it, unless this is a dry run.

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
        """Count partners' events, and retain those that a legal hold keeps.

        Args:
            place: where the events are.
            events: each with its partner, its bytes and the attributes of its message.

        Returns:
            How many events may be deleted. The caller adds them to `Findings.deleted` afterwards.

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
