"""Counts and deletes a closed partner's data in one cell, except the data that a legal hold keeps.

Each step searches for the data that is still there, so each step can be repeated. If a run is
interrupted, the next run continues. Concurrent runs do no harm.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from functions.privacy.deadline import Deadline, OutOfTime
from functions.privacy.inventory import partner_tables
from functions.privacy.offboarding.closed_partners import PeopleOnHold
from functions.privacy.offboarding.events_on_hold import EventsOnHold
from functions.privacy.offboarding.search import Findings, Search
from functions.secrets.closed_partners import ClosedPartner
from functions.warehouse.parameters import Parameter, declared
from functions.warehouse.statements import Statements

SINCE = datetime(2000, 1, 1, tzinfo=UTC)
"""A time before all events, for statements that must give a range of partitions."""

Partners = Mapping[str, ClosedPartner]


class Clearer(Protocol):
    """Deletes closed partners' events in one place outside the tables, such as the dead letters."""

    async def clear(self, search: Search) -> None:
        """Count the events of closed partners, and delete them. A dry run only counts.

        Raises:
            OutOfTime: a part of the place was not searched.
            BucketUnavailable, SubscriptionUnavailable: the place did not answer.
        """


@dataclass(slots=True)
class PartnerCounts:
    """How many rows, objects and events of one partner were found, by table or place.

    Attributes:
        total: how many were found.
        on_hold: how many of the total are on hold.
        unreadable: how many objects cannot be parsed. They may have events of the partner. The
            total does not include them.
        deleted: how many of the total this run deleted. What another run deleted at the same time
            is not included.
        counted_all: False if the time was too short to count everything.
    """

    total: Counter[str] = field(default_factory=Counter)
    on_hold: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    counted_all: bool = True

    @property
    def deletable(self) -> Counter[str]:
        """How many of the total are not on hold."""
        return self.total - self.on_hold

    def add(self, partner: str, findings: Findings) -> None:
        """Add the numbers that a search found for a partner."""
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
    """Counts and deletes partners' data.

    Args:
        statements: runs the statements of ``sql/privacy``.
        clearers: each deletes events in one place outside the tables.
        events_on_hold: stores the events on hold that are found in these places.
        people: reads which people are on legal hold.
        now: returns the current time (timezone-aware).
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
        # `on_hold/` comes last, so that a search also counts the events that it has moved there.
        self._clearers: Sequence[Clearer] = (*clearers, events_on_hold)
        self._events_on_hold = events_on_hold
        self._people = people
        self._now = now

    async def count(
        self, partner: str, entry: ClosedPartner, out_of_time: Deadline
    ) -> PartnerCounts:
        """Count a partner's data, and change nothing.

        If the time limit is reached, the counts are incomplete, and `counted_all` is False.

        Raises:
            BucketUnavailable, StatementFailed, SubscriptionUnavailable: the data cannot be counted.
        """
        counts = await self._count_rows(partner)
        findings = Findings()
        search = await self._search({partner: entry}, findings, out_of_time, dry_run=True)
        for clearer in self._clearers:
            try:
                await clearer.clear(search)
            except OutOfTime:
                counts.counted_all = False
        counts.add(partner, findings)
        return counts

    async def clear_tables(
        self, partner: str, counts: PartnerCounts, out_of_time: Deadline
    ) -> None:
        """Delete a partner's rows, with one statement for each table that has rows to delete.

        Args:
            partner: the name of the partner.
            counts: the numbers of rows are added to these counts.
            out_of_time: returns whether the time limit is reached.

        Raises:
            OutOfTime: there was no time for some tables.
            StatementFailed: a statement failed, so some tables may still have rows to delete.
        """
        counted = await self._count_rows(partner)
        counts.total += counted.total
        counts.on_hold += counted.on_hold
        for table in partner_tables():
            if not counted.deletable[table.name]:
                continue
            if out_of_time():
                raise OutOfTime
            statement = f"delete_partner_{table.name}"
            parameters = self._parameters(statement, partner)
            changed = await self._statements.change(statement, **parameters)
            counts.deleted[table.name] += changed

    async def clear_places(
        self,
        partners: Partners,
        counts_by_partner: Mapping[str, PartnerCounts],
        out_of_time: Deadline,
    ) -> None:
        """Delete the data that these partners have outside the tables, in one search.

        Args:
            partners: the closed partners, by name.
            counts_by_partner: the numbers of objects and events are added to these counts, even if
                this method raises an error.
            out_of_time: returns whether the time limit is reached.

        Raises:
            OutOfTime: some places were not searched.
            BucketUnavailable, StatementFailed, SubscriptionUnavailable: a service did not answer,
                so some places were not searched.
        """
        findings = Findings()
        search = await self._search(partners, findings, out_of_time)
        try:
            for clearer in self._clearers:
                await clearer.clear(search)
        finally:
            for partner, counts in counts_by_partner.items():
                counts.add(partner, findings)

    async def delete_released(
        self, watched: Collection[str], out_of_time: Deadline, deleted: Counter[str]
    ) -> None:
        """Delete the objects below ``on_hold/`` whose hold is over, except those of some partners.

        `EventsOnHold.delete_released` explains the arguments and the errors.
        """
        await self._events_on_hold.delete_released(watched, self._now(), out_of_time, deleted)

    async def _count_rows(self, partner: str) -> PartnerCounts:
        statement = "count_partner_rows"
        counts = PartnerCounts()
        parameters = self._parameters(statement, partner)
        for row in await self._statements.rows(statement, **parameters):
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

    def _parameters(self, statement: str, partner: str) -> dict[str, Parameter]:
        """Return the values of the parameters that a statement declares."""
        values: dict[str, Parameter] = {"now": self._now(), "partner": partner, "since": SINCE}
        return {name: values[name] for name in declared()["privacy"][statement]}
