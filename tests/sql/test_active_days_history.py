"""A refresh reads only events of days with news, and counts the same as if it read all events.

The test lets a random history happen to a warehouse: copies, late events, erasures of all kinds,
restorations, crashes, nights without a refresh, and lost active days. The statements in
``from_events/`` count different people from events, without active days. Whenever a refresh counts
people, the test also runs these statements, which fill tables of their own. It also counts the
events of all days again, with and without news. Then it compares the tables.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Self

import pytest
from google.cloud import bigquery

from functions.operate.refresh import Refresh
from functions.operate.settle import Settle
from functions.privacy.records.receipts import Receipts
from functions.privacy.sweep.job import Sweep
from functions.privacy.sweep.open_days import OpenDays
from functions.privacy.sweep.search import Search
from functions.warehouse.client import open_client
from functions.warehouse.late_days import LATE
from functions.warehouse.ledger import Ledger
from functions.warehouse.rollups import BY_DAY, OVER_DAYS
from functions.warehouse.schema import SQL, list_tables, render
from functions.warehouse.statements import StatementFailed, Statements
from tests.privacy_simulation.warehouse import WAREHOUSE, Simulated
from tests.sql import event_rows
from tests.sql.stand_in import LOCATION, PROJECT, StandIn
from tests.sql.sweeping import DAY, HOUR, erasure, event, no_wait, room

pytestmark = [pytest.mark.cell, pytest.mark.soak]

START = datetime(2026, 9, 28, tzinfo=UTC)
"""The first day of the history, a Monday; a month and several weeks end during the history."""
DAYS = 24
FIRST_DAYS = 3
"""How many days the short test lets happen, in one or two minutes; the whole history takes up to
half an hour."""
PEOPLE = ("ann", "bob", "cat", "dan", "eve", "fay")
PROJECTS = ("dev", "dev", "shop")
NAMES = ("message_sent", "emoji_sent", "room_opened", "settings_opened")
COUNTED = {
    "refresh_active_users": "active_users_v1",
    "refresh_room_people": "room_people_v1",
    "refresh_cohorts": "cohorts_v1",
    "refresh_daily": "daily_v1",
    "refresh_rooms": "rooms_daily_v1",
}
FROM_EVENTS = Path(__file__).parent / "from_events"
EVENTS = "from_events_"
"""The beginning of the names of tables that are filled from all events."""


class Crashing(Statements):
    """Statements of a folder that fail now and then, before or after they changed rows.

    Args:
        rest: the stand-in's URL.
        folder: the folder in ``sql/``.
        random: decides which statement fails.
    """

    def __init__(self, rest: str, folder: str, random: Random) -> None:
        super().__init__(
            folder,
            lambda: open_client(rest, PROJECT, LOCATION),
            WAREHOUSE.variables(),
            seconds=60,
            sleep=no_wait,
        )
        self.random = random
        self.failures = 0
        self.may_fail = True

    def within(self, seconds: float) -> Self:
        """These statements themselves: a copy would count its failures alone."""
        return self

    async def change(self, name: str, **parameters: Any) -> int:
        self._fail(name)
        changed = await super().change(name, **parameters)
        self._fail(name)
        return changed

    def _fail(self, name: str) -> None:
        if self.may_fail and self.random.random() < 0.02:
            self.failures += 1
            raise StatementFailed(name, "crashed")


class Compared(Crashing):
    """Statements of ``sql/operate``; each that counts people also counts them from all events."""

    client: bigquery.Client

    async def change(self, name: str, **parameters: Any) -> int:
        changed = await super().change(name, **parameters)
        if name in OVER_DAYS:
            await asyncio.to_thread(self._count_from_events, FROM_EVENTS, name, parameters)
        if name == "refresh_active_users":
            for name_by_day in BY_DAY:
                await asyncio.to_thread(
                    self._count_from_events, SQL / "operate", name_by_day, parameters
                )
        return changed

    def _count_from_events(self, folder: Path, name: str, moments: dict[str, datetime]) -> None:
        text = (folder / f"{name}.sql").read_text()
        text = text.replace("${store}.", "${store}." + EVENTS)
        text = text.replace(f"{EVENTS}erasures_v1", "erasures_v1")
        parameters = [
            bigquery.ScalarQueryParameter(parameter, "TIMESTAMP", moment)
            for parameter, moment in moments.items()
            if f"@{parameter}" in text
        ]
        config = bigquery.QueryJobConfig(query_parameters=parameters)
        sql = render(text, WAREHOUSE.variables())
        self.client.query(sql, job_config=config).result()


class History:
    """A warehouse to which events, erasures and jobs happen, day by day.

    Args:
        warehouse: the warehouse.
        rest: the URL of the stand-in.
        seed: the seed of all random choices.
    """

    def __init__(self, warehouse: Simulated, rest: str, seed: int) -> None:
        self.random = Random(seed)
        self.now = START
        self.warehouse = warehouse
        self.client = warehouse.client
        self.number = 0
        self.copied: list[dict[str, Any]] = []
        self.filed: list[dict[str, Any]] = []
        self._prepare()
        self.operate = Compared(rest, "operate", self.random)
        self.operate.client = self.client
        self.privacy = Crashing(rest, "privacy", self.random)
        self.ledger = Ledger(self.operate, WAREHOUSE.retention_days)

    def _prepare(self) -> None:
        store = WAREHOUSE.store
        tables = [f"DELETE FROM `{store}.{table.name}` WHERE TRUE" for table in list_tables()]
        for table in COUNTED.values():
            name = f"`{store}.{EVENTS}{table}`"
            tables.append(f"DROP TABLE IF EXISTS {name}")
            tables.append(f"CREATE TABLE {name} AS SELECT * FROM `{store}.{table}` WHERE FALSE")
        self.client.query(";\n".join(tables)).result()
        # The ledger says that all days before the history were refreshed.
        first, last = START - WAREHOUSE.retention_days * DAY, START - DAY
        self.client.query(
            f"INSERT INTO `{store}.runs_v1` (job, started_at, finished_at, first_day, last_day)"
            f" VALUES ('refresh', '{START}', '{START}', '{first.date()}', '{last.date()}')"
        ).result()

    def set_time(self, now: datetime) -> None:
        self.now = now
        self.warehouse.set_clock(now)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def fill(self, table: str, rows: list[dict[str, Any]]) -> None:
        event_rows.fill(self.client, WAREHOUSE.store, table, rows)

    def arrive(self, earliest: datetime) -> None:
        """Store events that were received since a time, and some late ones; some of them twice."""
        rows = [self._event(self._moment(earliest)) for _ in range(self.random.randint(4, 9))]
        rows += [
            self._event(self._moment(self.now - self.random.randint(1, 14) * DAY))
            for _ in range(self.random.choice((0, 0, 1, 2)))
        ]
        again = [row for row in self.copied if self.chance(0.3)]
        rows += [self._copy(row) for row in again]
        self.copied = [row for row in rows if self.chance(0.2)]
        late = {row["received_at"][:10] for row in rows if self._is_late(row)}
        noted = {"noted_at": self.now.isoformat(), "reason": "late"}
        self.fill("late_days_v1", [noted | {"day": day} for day in sorted(late)])
        self.fill("events_v1", rows)

    def _is_late(self, row: dict[str, Any]) -> bool:
        return datetime.fromisoformat(row["received_at"]) < self.now - LATE

    def _event(self, at: datetime) -> dict[str, Any]:
        self.number += 1
        user = self.random.choice(PEOPLE)
        given: dict[str, Any] = {
            "project": self.random.choice(PROJECTS),
            "event": self.random.choice(NAMES),
            "room_id": self.random.choice(("r1", "r2", None)),
            "stored_at": self.now.isoformat(),
            "flags": [],
        }
        if self.chance(0.1):
            return room(f"i{self.number}", [user], at, **given | {"event": "room_created"})
        return event(f"i{self.number}", None if self.chance(0.05) else user, at, **given)

    def _copy(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a copy of an event: Pub/Sub delivered it again, or the sender sent it again."""
        self.number += 1
        times = {"stored_at": self.now.isoformat(), "delivery_id": f"d{self.number}"}
        if self.chance(0.5):
            times["received_at"] = self.now.isoformat()
        return row | times

    def _moment(self, earliest: datetime) -> datetime:
        seconds = int((self.now - earliest).total_seconds())
        if seconds <= 0:
            return self.now
        return earliest + timedelta(seconds=self.random.randint(0, seconds))

    def file(self, treatment: str = "") -> dict[str, Any]:
        """File an erasure; if a treatment is given, the erasure has no grace period."""
        user, project = self.random.choice(PEOPLE), self.random.choice(PROJECTS)
        self.number += 1
        at_once = bool(treatment) or self.chance(0.4)
        due = self.now if at_once else self.now + self.random.randint(1, 12) * DAY
        filed = erasure(
            user,
            self.now,
            project=project,
            erasure_id=f"e{self.number:05}",
            hidden_key=f"hidden {self.number}",
            mode="immediate" if at_once else "grace",
            treatment=treatment or self.random.choice(("anonymise", "delete")),
            due_at=due.isoformat(),
        )
        self.fill("erasures_v1", [filed])
        self.filed.append(filed)
        return filed

    async def restore(self) -> None:
        """Take an erasure back, unless it was executed."""
        filed = self.random.choice(self.filed)
        given = {"erasure_id": filed["erasure_id"], "project": filed["project"]}
        expires_at = self.now + 90 * DAY
        await self._surely(
            lambda: self.privacy.change(
                "restore_erasure", now=self.now, expires_at=expires_at, **given
            )
        )

    async def sweep(self, erasure_ids: list[str] | None = None) -> None:
        retention = WAREHOUSE.retention_days
        sweep = Sweep(
            self.privacy,
            Receipts(self.privacy, lambda: self.now),
            Search(self.ledger, retention),
            OpenDays(self.operate, lambda: self.now, retention, seconds=60),
            (),
            now=lambda: self.now,
            clock=lambda: 0.0,
            seconds=1,
        )

        async def run() -> None:
            report = await sweep.run(erasure_ids)
            if report.unavailable:
                raise StatementFailed(report.unavailable, "crashed")
            assert report.finished

        # A sweep goes on if its counts fail, and then the numbers would lack the erased people.
        self.operate.may_fail = False
        await self._surely(run)
        self.operate.may_fail = True

    async def refresh(self, *days: Any) -> None:
        refresh = Refresh(
            self.operate,
            self.ledger,
            now=lambda: self.now,
            clock=lambda: 0.0,
            seconds=1,
            retention_days=WAREHOUSE.retention_days,
        )

        async def run() -> None:
            report = await refresh.run(*days)
            if report.failed:
                raise StatementFailed(report.failed, "crashed")

        await self._surely(run)
        self.compare()

    async def settle(self) -> None:
        settle = Settle(
            self.operate,
            self.ledger,
            now=lambda: self.now,
            clock=lambda: 0.0,
            seconds=1,
            retention_days=WAREHOUSE.retention_days,
        )

        async def run() -> None:
            report = await settle.run()
            if report.failed:
                raise StatementFailed(report.failed, "crashed")

        await self._surely(run)

    def lose(self) -> None:
        """Lose all active days and the ledger, so that the next refresh makes all days again."""
        for table in ("active_days_v1", "runs_v1"):
            self.client.query(f"DELETE FROM `{WAREHOUSE.store}.{table}` WHERE TRUE").result()

    async def _surely(self, action: Callable[[], Any]) -> None:
        """Do something; if a statement fails, do it again."""
        while True:
            try:
                await action()
            except StatementFailed:
                continue
            return

    def executed(self) -> set[str]:
        """Return the treatments of erasures that were executed."""
        erasures = f"`{WAREHOUSE.store}.erasures_v1`"
        rows = self.warehouse.rows(f"SELECT treatment FROM {erasures} WHERE status = 'executed'")
        return {row["treatment"] for row in rows}

    def compare(self) -> None:
        """Assert that the rollups have the numbers that were counted from all events."""
        for table in COUNTED.values():
            # The name of a room is that of the last refresh of the day, so it may differ.
            columns = "* EXCEPT (name)" if table == "rooms_daily_v1" else "*"
            found, expected = (
                sorted(self.warehouse.rows(f"SELECT {columns} FROM `{name}`"), key=repr)
                for name in (f"{WAREHOUSE.store}.{table}", f"{WAREHOUSE.store}.{EVENTS}{table}")
            )
            assert found, table
            assert found == expected, (self.now, table)


async def day_of(history: History, midnight: datetime, treatments: Sequence[str] = ()) -> None:
    """Let a day happen, up to the night after it.

    Args:
        history: the history to which the day happens.
        midnight: when the day begins.
        treatments: the treatments of erasures to execute on the day, in addition to random ones.
    """
    steps: list[tuple[float, Callable[[], Any]]] = [
        (8, partial(history.arrive, midnight)),
        (22, partial(history.arrive, midnight + 8 * HOUR)),
    ]
    if history.chance(0.4):
        steps.append((history.random.uniform(8, 22), partial(press, history, midnight)))
    erasures = range(history.random.choice((0, 0, 1, 2)))
    steps += [(history.random.uniform(8, 22), partial(erase, history)) for _ in erasures]
    steps += [(12.0, partial(erase, history, treatment)) for treatment in treatments]
    if history.filed and history.chance(0.25):
        steps.append((history.random.uniform(8, 22), history.restore))
    for hours, action in sorted(steps, key=lambda step: step[0]):
        history.set_time(midnight + hours * HOUR)
        waiting = action()
        if waiting is not None:
            await waiting
    history.set_time(midnight + DAY + HOUR / 6)
    await history.settle()
    if history.chance(0.5):
        await history.sweep()
    if history.chance(0.05):
        history.lose()
    if history.chance(0.8):
        await history.refresh()


async def press(history: History, midnight: datetime) -> None:
    await history.refresh(midnight.date(), midnight.date())


async def erase(history: History, treatment: str = "") -> None:
    filed = history.file(treatment)
    if filed["mode"] == "immediate":
        await history.sweep([filed["erasure_id"]])


@pytest.fixture(scope="module")
def simulated(stand_in: StandIn) -> Simulated:
    return Simulated(stand_in)


async def live(history: History, days: int, *treatments: str) -> None:
    """Let days happen; on each of the first ones, execute an erasure with one of the treatments."""
    for number in range(days):
        await day_of(history, START + number * DAY, treatments[number : number + 1])
    await history.refresh()


async def test_people_are_counted_as_they_are_from_events_in_the_first_days(
    simulated: Simulated, stand_in: StandIn
) -> None:
    history = History(simulated, stand_in.rest, 0)
    await live(history, FIRST_DAYS, "anonymise", "delete")
    assert history.executed() == {"anonymise", "delete"}


@pytest.mark.history
@pytest.mark.parametrize("seed", range(3))
async def test_people_are_counted_as_they_are_from_events(
    simulated: Simulated, stand_in: StandIn, seed: int
) -> None:
    history = History(simulated, stand_in.rest, seed)
    await live(history, DAYS)
    assert history.operate.failures + history.privacy.failures > 5
    assert history.executed() == {"anonymise", "delete"}
