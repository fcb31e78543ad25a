"""Sweeps that search only days with news erase the same rows as sweeps of all days.

The test plays a long random history: rows come on time, late, very late and again; instances of
`load` die between a note and its row, and restart; clocks step; erasures are executed at once or
after their grace period, and are requested again; people are under a hold for a while; sweeps fail
and are repeated. After each finished sweep, every row in scope that was stored when the sweep began
must be erased.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.privacy.erasures.scope import Scope, Scopes
from functions.privacy.periods import TOMBSTONE
from functions.privacy.sweep.search import FULL_EVERY, Search, Seen
from functions.privacy.sweep.work import Work
from functions.warehouse.days import ranges
from functions.warehouse.ledger import Ledger
from functions.warehouse.rollups import find_days
from tests.fakes.ledger import LedgerTables
from tests.fakes.loaders import SKEW, Loaders
from tests.unit.privacy.stand_ins import LONG_AGO, scope

START = datetime(2026, 9, 1, 23, 10, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PEOPLE = tuple(f"person {number}" for number in range(20))
STEPS = 300


@dataclass
class Row:
    """A row of a person's event."""

    person: str
    received_at: datetime
    visible_at: datetime
    copy_of: datetime | None = None
    """When the event was first received, if this row is a copy of it."""
    erased: bool = False
    active: bool = False
    """Whether a refresh has made a row of active days from the event."""


@dataclass
class Person:
    """A person's erasure: its cut-off, the sweep that began it, and when it was executed."""

    cut_off: datetime | None = None
    executed_at: datetime | None = None
    claim: str = ""
    held: bool = False
    hold_ended_at: datetime | None = None


@dataclass
class History:
    """A history, and the state of the store so far.

    Attributes:
        now: the true time.
        searched: how many days sweeps searched, in all.
    """

    random: Random
    now: datetime = START
    rows: list[Row] = field(default_factory=list)
    searched: int = 0
    missed: int = 0

    def __post_init__(self) -> None:
        self.tables = LedgerTables()
        self.loaders = Loaders(self.random, self.tables)
        self.ledger = Ledger(self.tables, 215)
        self.search = Search(self.ledger, 215)
        self.people = {name: Person() for name in PEOPLE}
        self.erased = [PEOPLE[0]]

    def clock(self) -> datetime:
        """Return the time by the clock of an instance of `privacy`."""
        return self.now + timedelta(seconds=self.random.randint(-SKEW, SKEW))

    async def play(self) -> None:
        """Play a random history."""
        await self.sweep(fails=False)
        for _ in range(STEPS):
            self.now += self.random.choice([MINUTE, 5 * MINUTE, 20 * MINUTE, HOUR])
            action = self.random.choices(
                [
                    self.deliver,
                    self.sweep_sometimes,
                    self.erase,
                    self.hold,
                    self.disturb,
                    self.refresh,
                    self.settle,
                ],
                [60, 30, 3, 1, 4, 8, 4],
            )[0]
            await action()

    async def deliver(self) -> None:
        """Deliver an event one or more times."""
        on_time = [timedelta(), MINUTE, 30 * MINUTE, 57 * MINUTE, 59 * MINUTE]
        late = [61 * MINUTE, 2 * HOUR, 3 * HOUR, DAY, 5 * DAY, 20 * DAY, 60 * DAY]
        age = self.random.choice(late if self.random.random() < 0.1 else on_time)
        received_at = self.now - age - timedelta(seconds=self.random.randint(0, 59))
        person = self.random.choice([*PEOPLE[:3], *self.erased[-2:], *self.erased[-2:]])
        for _ in range(self.random.choice([1, 1, 1, 2])):
            visible_at = await self.loaders.deliver(received_at, self.now)
            if visible_at:
                self.rows.append(Row(person, received_at, visible_at))
        if self.random.random() < 0.2 and age < 4 * DAY:
            # The sender repeats the event, and the copy also comes on time.
            visible_at = await self.loaders.deliver(self.now, self.now)
            if visible_at:
                self.rows.append(Row(person, self.now, visible_at, copy_of=received_at))

    async def disturb(self) -> None:
        """Let a clock step, or restart an instance."""
        self.random.choice([self.loaders.step_a_clock, self.loaders.restart_one])()

    async def hold(self) -> None:
        """File a legal hold on a person, or end it."""
        person = self.people[self.random.choice(PEOPLE)]
        if person.held:
            person.hold_ended_at = self.clock()
        person.held = not person.held

    async def erase(self) -> None:
        """File an erasure whose cut-off is now; some have no grace period.

        Sometimes a person asks again. Then the cut-off moves to now, even after the execution.
        """
        name = self.random.choice(self.erased if self.random.random() < 0.1 else PEOPLE)
        self.erased.append(name)
        person = self.people[name]
        person.cut_off = self.clock()
        if self.random.random() < 0.7:
            await self.sweep(fails=self.random.random() < 0.2)

    async def refresh(self) -> None:
        """Make the active days of days with news; only the first copy of an event counts."""
        now = self.clock()
        news = await self.ledger.news(now)
        days = find_days(news, now, now.date() - 214 * DAY).changed
        for row in self.rows:
            if row.visible_at <= self.now and row.received_at.date() in days:
                row.active = not row.copy_of
        if self.random.random() < 0.8:
            for first, end in ranges(days):
                last = (end - DAY).date()
                await self.ledger.record("refresh", now, now, first.date(), last)

    async def settle(self) -> None:
        """Delete later copies of events."""
        now = self.clock()
        first = {(row.person, row.received_at) for row in self.rows if row.visible_at <= self.now}
        for row in self.rows:
            is_later = row.copy_of and (row.person, row.copy_of) in first
            row.erased |= bool(is_later and row.visible_at <= self.now)
        await self.ledger.record("settle", now, now, now.date(), now.date())

    async def sweep_sometimes(self) -> None:
        """Run a sweep, which may fail."""
        await self.sweep(fails=self.random.random() < 0.3)

    async def sweep(self, *, fails: bool) -> None:
        """Run a sweep, as `functions.privacy.sweep.job.Sweep` does."""
        began, now = self.now, self.clock()
        claim = str(began)
        for person in self.people.values():
            if person.cut_off and not person.held:
                person.claim = person.claim or claim
        scopes = Scopes(self._scopes())
        ended = [person.hold_ended_at for person in self.people.values() if person.hold_ended_at]
        work = Work(0, 0, 0, 0, 0, 0, None, None, 0, max(ended, default=None))
        seen = Seen(now, work, await self.search.news(now), claim)
        due = Scopes(scopes.due())
        active = {row.received_at.date() for row in self._in_scope(due) if row.active}
        chosen = self.search.choose(scopes, seen, None, now, active)
        self.now += timedelta(seconds=self.random.randint(0, 300))
        self._erase(scopes, chosen.days.for_scope, chosen.stored_before)
        self._delete_copies(scopes, chosen.days.with_copies(scopes))
        if fails:
            return
        self.searched += len(chosen.days.for_scope)
        for each in scopes.due():
            self.people[each.user_key].executed_at = self.clock()
        await self.search.record(chosen.days, now, self.clock())
        left = [row for row in self._in_scope(scopes) if row.visible_at <= began]
        left += [row for row in self._copies(scopes, began) if row.visible_at <= began]
        assert left == [], (now, left)

    def _scopes(self) -> list[Scope]:
        return [
            scope(name)._replace(
                user_key=name,
                status="executed" if person.executed_at else "due",
                claim=person.claim,
                previous_cut_off=LONG_AGO,
                cut_off=person.cut_off,
                executed_at=person.executed_at,
            )
            for name, person in self.people.items()
            if person.cut_off and not person.held
        ]

    def _erase(self, scopes: Scopes, days: frozenset[date], stored_before: datetime) -> None:
        """Erase the rows in scope that are stored on these days."""
        found = [
            row
            for row in self._in_scope(scopes)
            if row.visible_at <= self.now and row.received_at.date() in days
        ]
        for row in found:
            row.erased = True
        executed = {each.user_key for each in scopes if each.executed_at}
        self.missed += sum(
            row.visible_at < stored_before and row.person in executed for row in found
        )

    def _delete_copies(self, scopes: Scopes, days: set[date]) -> None:
        for row in self._copies(scopes, self.now):
            row.erased |= row.received_at.date() in days

    def _copies(self, scopes: Scopes, now: datetime) -> list[Row]:
        """Return later copies of events in scope, if the event itself is also stored."""
        first = {(row.person, row.received_at) for row in self.rows if row.visible_at <= now}
        return [
            row
            for row in self.rows
            if row.copy_of
            and not row.erased
            and row.visible_at <= now
            and (row.person, row.copy_of) in first
            and scopes.find("dev", row.person, row.copy_of)
        ]

    def _in_scope(self, scopes: Scopes) -> list[Row]:
        return [
            row
            for row in self.rows
            if not row.erased and scopes.find("dev", row.person, row.received_at)
        ]


@settings(max_examples=12)  # few, because each history has many steps
@given(st.integers(0, 2**32))
def test_every_row_in_scope_is_erased_by_the_next_sweep(seed: int) -> None:
    history = History(Random(seed))
    asyncio.run(history.play())
    assert history.missed == 0


def test_a_quiet_month_is_searched_once_a_week() -> None:
    history = History(Random(1))
    history.people[PEOPLE[0]] = Person(START - 30 * DAY, START - 2 * DAY)

    async def play() -> None:
        for _ in range(28 * 24):
            await history.sweep(fails=False)
            history.now += HOUR
        full = [job for job, _ in history.tables.runs if job == "full_sweep"]
        weeks = (history.now - START) // FULL_EVERY
        assert weeks <= len(full) <= weeks + 1
        assert history.searched < len(full) * 80

    assert timedelta(days=30) < TOMBSTONE
    asyncio.run(play())
