"""One look at what there is of partners who have left, beside the tables."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from functions.privacy.deadline import Deadline, OutOfTime
from functions.privacy.offboarding.closed_partners import ClosedPartners

Retain = Callable[[str, bytes, Mapping[str, str]], Awaitable[None]]
"""Keeps an event: its partner, the sender's own bytes, its message's attributes."""

PlaceCounts = Counter[tuple[str, str]]
"""Numbers by partner and place."""


@dataclass(slots=True)
class Findings:
    """What was found of partners.

    Attributes:
        total: everything.
        on_hold: of that, what a legal hold keeps where it is.
        deleted: of that, what is known to be deleted since.
        unreadable: beside it, what cannot be looked into and so stays.
    """

    total: PlaceCounts = field(default_factory=Counter)
    on_hold: PlaceCounts = field(default_factory=Counter)
    deleted: PlaceCounts = field(default_factory=Counter)
    unreadable: PlaceCounts = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Search:
    """One look at a place: whose events are looked for, what becomes of them, what was found.

    Attributes:
        closed: the partners.
        findings: takes the counts.
        retain: keeps an event that a legal hold names somebody of.
        out_of_time: whether the time is.
        dry_run: only count.
    """

    closed: ClosedPartners
    findings: Findings
    retain: Retain
    out_of_time: Deadline
    dry_run: bool = False

    def check_time(self) -> None:
        """Go on only while there is time.

        Raises:
            OutOfTime: there is none.
        """
        if self.out_of_time():
            raise OutOfTime

    async def keeps(self, partner: str, data: bytes, attributes: Mapping[str, str]) -> bool:
        """Say whether a legal hold keeps an event; unless only counted, it is retained then.

        Raises:
            BucketUnavailable: it is not known to be retained.
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
            place: where they are.
            events: each with its partner, its bytes and its message's attributes.

        Returns:
            How many may go: they count as deleted once they are.

        Raises:
            BucketUnavailable: one is not known to be retained.
        """
        going: PlaceCounts = Counter()
        for partner, data, attributes in events:
            self.findings.total[partner, place] += 1
            if not await self.keeps(partner, data, attributes):
                going[partner, place] += 1
            elif self.dry_run:
                self.findings.on_hold[partner, place] += 1
        return going
