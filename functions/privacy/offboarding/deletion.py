"""What a cell has of partners who have left: counted and deleted, but what a legal hold keeps.

Each step finds what is left of it and can be repeated. So a run that is interrupted anywhere is
continued by the next, and runs that meet do no harm.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from functions.privacy.deadline import Deadline, OutOfTime
from functions.privacy.offboarding.closed_partners import PeopleOnHold
from functions.privacy.offboarding.events_on_hold import EventsOnHold
from functions.privacy.offboarding.scan import Findings, Search
from functions.secrets.closed_partners import ClosedPartner
from functions.warehouse.parameters import Parameter
from functions.warehouse.protocols import Statements

SINCE = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any event: the bound that a partitioned table asks for, and leaves no partition out."""

TABLES = (
    "events_v1",
    "identities_v1",
    "daily_v1",
    "rooms_daily_v1",
    "active_users_v1",
    "cohorts_v1",
    "erasures_v1",  # as long as there are events, it hides some
    "holds_v1",
)
"""The tables with rows of a partner, in the order in which they are cleared."""

Partners = Mapping[str, ClosedPartner]


class Clearer(Protocol):
    """Where events are beside the tables: objects, or dead letters."""

    async def clear(self, search: Search) -> None:
        """Delete what is the partners', and count it; raises OutOfTime."""


@dataclass(slots=True)
class PartnerCounts:
    """What there is of one partner, by table and place.

    Attributes:
        total: rows, objects and events.
        on_hold: of them, those that a legal hold keeps.
        unreadable: objects of which nobody can tell whose events they have.
        deleted: of them, those that are known to be deleted since.
        counted_all: False where the time did not suffice to count everything.
    """

    total: Counter[str] = field(default_factory=Counter)
    on_hold: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    counted_all: bool = True

    @property
    def deletable(self) -> Counter[str]:
        """What is neither kept nor unreadable."""
        return self.total - self.on_hold

    def take(self, partner: str, findings: Findings) -> None:
        """Add what was found in a place."""
        for mine, theirs in (
            (self.total, findings.total),
            (self.on_hold, findings.on_hold),
            (self.unreadable, findings.unreadable),
            (self.deleted, findings.deleted),
        ):
            mine.update(
                {place: n for (owner, place), n in theirs.items() if owner == partner and n}
            )


class Offboarding:
    """Counts and deletes.

    Args:
        statements: runs the statements.
        clearers: clear where events are beside the tables.
        events_on_hold: takes the events there that a legal hold keeps.
        people: tells whom legal holds name.
        now: the clock, with an offset.
    """

    def __init__(
        self,
        statements: Statements,
        clearers: Sequence[Clearer],
        events_on_hold: EventsOnHold,
        people: PeopleOnHold,
        now: Callable[[], datetime],
    ) -> None:
        self._statements = statements
        # Last, so that what was moved there in a look is counted in it.
        self._clearers: Sequence[Clearer] = (*clearers, events_on_hold)
        self._events_on_hold = events_on_hold
        self._people = people
        self._now = now

    async def count(
        self, partner: str, entry: ClosedPartner, out_of_time: Deadline
    ) -> PartnerCounts:
        """Count what there is of a partner, as far as the time suffices; nothing is changed."""
        counts = await self._count_rows(partner)
        findings = Findings()
        search = await self._search({partner: entry}, findings, out_of_time, dry_run=True)
        for clearer in self._clearers:
            try:
                await clearer.clear(search)
            except OutOfTime:
                counts.counted_all = False
        counts.take(partner, findings)
        return counts

    async def clear_tables(
        self, partner: str, counts: PartnerCounts, out_of_time: Deadline
    ) -> None:
        """Delete a partner's rows, one statement for each table that has some.

        Args:
            partner: its name.
            counts: takes what was found and deleted.
            out_of_time: whether the time is.

        Raises:
            OutOfTime: a table is left.
        """
        counted = await self._count_rows(partner)
        counts.total += counted.total
        counts.on_hold += counted.on_hold
        for table in TABLES:
            if not counted.deletable[table]:
                continue
            if out_of_time():
                raise OutOfTime
            changed = await self._statements.change(
                f"delete_partner_{table}", **self._of(partner, table)
            )
            counts.deleted[table] += changed

    async def clear_places(
        self,
        partners: Partners,
        counts_by_partner: Mapping[str, PartnerCounts],
        out_of_time: Deadline,
    ) -> None:
        """Delete what is of partners beside the tables, of all of them in one go.

        Args:
            partners: by name.
            counts_by_partner: of each, that take what was found and deleted.
            out_of_time: whether the time is.

        Raises:
            OutOfTime: not all was looked at.
        """
        findings = Findings()
        search = await self._search(partners, findings, out_of_time)
        try:
            for clearer in self._clearers:
                await clearer.clear(search)
        finally:
            for partner, counts in counts_by_partner.items():
                counts.take(partner, findings)

    async def clear_besides(
        self, watched: Collection[str], out_of_time: Deadline, deleted: Counter[str]
    ) -> None:
        """Let go what holds have kept of others, see `EventsOnHold.clear_besides`."""
        await self._events_on_hold.clear_besides(watched, self._now(), out_of_time, deleted)

    async def _count_rows(self, partner: str) -> PartnerCounts:
        parameters: dict[str, Parameter] = {"since": SINCE, "now": self._now(), "partner": partner}
        counts = PartnerCounts()
        for row in await self._statements.rows("count_partner_rows", **parameters):
            counts.total[row["place"]] = row["total"]
            counts.on_hold[row["place"]] = row["on_hold"]
        return counts

    async def _search(
        self,
        partners: Partners,
        findings: Findings,
        out_of_time: Deadline,
        *,
        dry_run: bool = False,
    ) -> Search:
        closed = await self._people.read(partners, self._now())
        retain = self._events_on_hold.retain
        return Search(closed, findings, retain, out_of_time, dry_run=dry_run)

    def _of(self, partner: str, table: str) -> dict[str, Parameter]:
        parameters: dict[str, Parameter] = {"partner": partner}
        if table not in {"erasures_v1", "holds_v1"}:
            parameters["since"] = SINCE
        if table in {"events_v1", "identities_v1", "erasures_v1", "holds_v1"}:
            parameters["now"] = self._now()
        return parameters
