"""A refresh that reads only days with news counts every row.

The test plays a long random history: rows come on time, late and very late; instances of `load` die
between a note and its row; clocks step; runs fail, do not happen for days, or refresh only named
days. After each finished run, every row that was stored when the run began must be counted.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.operate.refresh import Refresh
from functions.warehouse.days import midnight
from functions.warehouse.ledger import Ledger
from functions.warehouse.schema import OPEN_WINDOW_DAYS
from functions.warehouse.statements import StatementFailed
from tests.fakes.ledger import LedgerTables
from tests.fakes.loaders import SKEW, Loaders

START = datetime(2026, 9, 1, 23, 5, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Store(LedgerTables):
    """The statements of a refresh, on lists. A row is a pair: when it was received and stored.

    Attributes:
        counted: the rows that rollups and active days have counted, by day.
        last_counts: when each day was counted last.
    """

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.now = START
        self.events: list[tuple[datetime, datetime]] = []
        self.counted: dict[str, set[tuple[datetime, datetime]]] = {}
        self.last_counts: dict[datetime, datetime] = {}
        self.read = 0
        self.fails = False
        self._random = random

    async def days(self, name: str, **parameters: Any) -> list[datetime]:
        return []

    async def change(self, name: str, **moments: Any) -> int:
        if self.fails and self._random.random() < 0.05:
            raise StatementFailed(name, "crash")
        if name == "record_run":
            return await super().change(name, **moments)
        if name in ("refresh_active_days", "refresh_daily"):
            first, end = moments["first"], moments["end"]
            kept = {row for row in self.counted.get(name, set()) if not first <= row[0] < end}
            self.counted[name] = kept | set(self.visible(first, end))
            if name == "refresh_daily":
                self.read += (end - first).days
                for number in range((end - first).days):
                    self.last_counts[first + number * DAY] = self.now
        return 1

    def visible(self, first: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        return [row for row in self.events if first <= row[0] < end and row[1] <= self.now]


async def refresh(random: Random, store: Store) -> None:
    """Run a refresh; if it finished, compare with the result of a run over all days."""
    skew = timedelta(seconds=random.randint(-SKEW, SKEW))
    rows = store.visible(START - 60 * DAY, store.now + DAY)
    today = (store.now + skew).date()
    days = (today, today) if random.random() < 0.2 else ()
    refreshing = Refresh(
        store,
        Ledger(store, 90),
        now=lambda: store.now + skew,
        clock=lambda: 0.0,
        seconds=1,
        retention_days=90,
    )
    report = await refreshing.run(*days)
    if report.failed:
        return
    assert set(rows) <= store.counted["refresh_active_days"]
    if not days:
        assert set(rows) <= store.counted["refresh_daily"]
        left = midnight(today - (OPEN_WINDOW_DAYS + 1) * DAY)
        final = store.last_counts[left] + timedelta(seconds=SKEW)
        assert final >= left + OPEN_WINDOW_DAYS * DAY, "a day is counted after it left the window"


async def play(random: Random) -> None:
    """Play a random history."""
    store = Store(random)
    loaders = Loaders(random, store)
    for _ in range(200):
        store.now += random.choice([MINUTE, 20 * MINUTE, HOUR, 3 * HOUR])
        store.fails = random.random() < 0.3
        match random.choices(["deliver", "refresh", "step", "restart"], [75, 17, 4, 4])[0]:
            case "deliver":
                on_time = [timedelta(), MINUTE, 50 * MINUTE, 59 * MINUTE]
                late = [61 * MINUTE, 3 * HOUR, DAY, 5 * DAY, 12 * DAY, 35 * DAY]
                age = random.choice(late if random.random() < 0.1 else on_time)
                visible_at = await loaders.deliver(store.now - age, store.now)
                if visible_at:
                    store.events.append((store.now - age, visible_at))
            case "refresh":
                await refresh(random, store)
            case "step":
                loaders.step_a_clock()
            case "restart":
                loaders.restart_one()


@settings(max_examples=15)  # few, because each history has many steps
@given(st.integers(0, 2**32))
def test_every_row_is_counted_that_was_there_when_a_run_began(seed: int) -> None:
    asyncio.run(play(Random(seed)))


def test_a_quiet_week_is_read_twice_a_day() -> None:
    store = Store(Random(1))

    async def play() -> None:
        for hours in range(7 * 24):
            store.now = START + hours * HOUR
            if store.now.hour in (0, 9, 15):
                await refresh(Random(3), store)

    asyncio.run(play())
    first_run = 90
    # How many days the run of a night reads, and how many the two others of a day read.
    nights, presses = 2 + 1, 1 + 1 + 1
    assert store.read <= first_run + 7 * (nights + presses)
