"""Settling only days with news has the same result as settling all days.

The test plays a long random history: rows come on time, late and very late; Pub/Sub delivers them
twice, and senders repeat them days later; instances of `load` die between a note and its row;
clocks step; runs fail, or do not happen for days. After each finished run, no row that was stored
when the run began may be a later copy, or have unknown properties that are too old.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.operate.settle import Settle
from functions.warehouse.days import midnight
from functions.warehouse.ledger import Ledger
from functions.warehouse.schema import EXTRA_DAYS, OPEN_WINDOW_DAYS
from functions.warehouse.statements import StatementFailed
from tests.fakes.ledger import LedgerTables
from tests.fakes.loaders import SKEW, Loaders

START = datetime(2026, 9, 1, 0, 5, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WINDOW = OPEN_WINDOW_DAYS * DAY


@dataclass
class Row:
    """A row of an event."""

    ingest_id: int
    delivery: int
    received_at: datetime
    visible_at: datetime
    has_extra: bool = True


class Store(LedgerTables):
    """The statements of settling, on a list of rows."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.now = START
        self.events: list[Row] = []
        self.fails = False
        self._random = random

    def visible(self, first: datetime, end: datetime) -> list[Row]:
        return [
            row
            for row in self.events
            if row.visible_at <= self.now and first <= row.received_at < end
        ]

    def copies(self, first: datetime, end: datetime) -> list[Row]:
        """Return the later copies on a range of days, as the statements find them."""
        placed: set[int] = set()
        later = []
        rows = self.visible(first - WINDOW, end)
        for row in sorted(rows, key=lambda row: (row.received_at, row.delivery)):
            if row.ingest_id in placed and row.received_at >= first:
                later.append(row)
            placed.add(row.ingest_id)
        return later

    async def days(self, name: str, **moments: Any) -> list[datetime]:
        self._step()
        first, end = moments["first"], moments["end"]
        rows = (
            self.copies(first, end)
            if name == "find_days_with_copies"
            else [row for row in self.visible(first, end) if row.has_extra]
        )
        return sorted({midnight(row.received_at.date()) for row in rows}, reverse=True)

    async def change(self, name: str, **moments: Any) -> int:
        self._step()
        if name in {"merge_identities", "delete_room_copies", "clear_room_extra"}:
            return 0  # this test has no identities and no room events
        if name in {"note_days", "record_run"}:
            return await super().change(name, **moments)
        day = moments["day"]
        if name == "delete_copies":
            for row in self.copies(day, day + DAY):
                self.events.remove(row)
        else:
            for row in self.visible(day, day + DAY):
                row.has_extra = False
        return 1

    def _step(self) -> None:
        self.now += timedelta(seconds=self._random.randint(0, 60))
        if self.fails and self._random.random() < 0.3:
            raise StatementFailed("a statement", "crash")


async def deliver(random: Random, store: Store, loaders: Loaders, number: int) -> None:
    """Deliver an event, perhaps more than once, and perhaps repeated by its sender."""
    on_time = [timedelta(), MINUTE, 50 * MINUTE, 59 * MINUTE]
    late = [61 * MINUTE, 3 * HOUR, DAY, 5 * DAY, 12 * DAY, 35 * DAY]
    received_at = store.now - random.choice(late if random.random() < 0.1 else on_time)
    moments = [received_at] * random.choice([1, 1, 1, 2, 3])
    if random.random() < 0.3:  # the sender repeats it; the first copy may come from the spill now
        moments.append(received_at + random.randint(1, 4 * 24 * 60) * MINUTE)
    for moment in moments:
        if moment <= store.now:
            visible_at = await loaders.deliver(moment, store.now)
            if visible_at:
                store.events.append(Row(number, len(store.events), moment, visible_at))


async def settle(random: Random, store: Store) -> None:
    """Run settling; if it finished, compare with the result of a run over all days."""
    skew = timedelta(seconds=random.randint(-SKEW, SKEW))
    began = store.now
    report = await Settle(
        store,
        Ledger(store, 215),
        now=lambda: store.now + skew,
        clock=lambda: 0.0,
        seconds=1,
        retention_days=215,
    ).run()
    if report.failed:
        return
    rows = [row for row in store.events if row.visible_at <= began]
    store.now, later = began, store.now
    assert not store.copies(began - 60 * DAY, began + DAY)
    store.now = later
    old = midnight((began - timedelta(seconds=SKEW)).date()) - EXTRA_DAYS * DAY
    assert not [row for row in rows if row.has_extra and row.received_at < old]


async def play(random: Random) -> None:
    """Play a random history."""
    store = Store(random)
    loaders = Loaders(random, store)
    await settle(random, store)
    for number in range(150):
        store.now += random.choice([MINUTE, 20 * MINUTE, HOUR, 3 * HOUR])
        store.fails = random.random() < 0.3
        match random.choices(["deliver", "settle", "step", "restart"], [80, 12, 4, 4])[0]:
            case "deliver":
                await deliver(random, store, loaders, number)
            case "settle":
                await settle(random, store)
            case "step":
                loaders.step_a_clock()
            case "restart":
                loaders.restart_one()


@settings(max_examples=15)  # few, because each history has many steps
@given(st.integers(0, 2**32))
def test_no_copy_is_left_that_was_there_when_a_run_began(seed: int) -> None:
    asyncio.run(play(Random(seed)))
