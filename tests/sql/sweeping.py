"""Tables with events and erasures for tests, and a sweep that runs over them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from google.cloud import bigquery

from functions.privacy.erasures.restored_tables import Restored
from functions.privacy.periods import GRACE
from functions.privacy.records.receipts import Receipts
from functions.privacy.sweep.job import Rewriter, Sweep, SweepReport
from functions.privacy.sweep.open_days import OpenDays
from functions.privacy.sweep.search import Search
from functions.warehouse.ledger import Ledger, News
from functions.warehouse.parameters import Parameter
from functions.warehouse.schema import Warehouse
from functions.warehouse.statements import StatementFailed
from tests.fakes.statements import WatchedStatements
from tests.sql import event_rows

WAREHOUSE = Warehouse("local.chat_eu_store", "local.chat_eu")
NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


async def no_wait(_seconds: float) -> None:
    pass


def ledger_of(statements: WatchedStatements, rest: str) -> Ledger:
    """Return the ledger; its statements are recorded together with the given ones."""
    ledger_statements = WatchedStatements("operate", rest, WAREHOUSE, no_wait, statements.watch)
    return Ledger(ledger_statements, WAREHOUSE.retention_days)


class Rollups(OpenDays):
    """Stands for `functions.privacy.sweep.open_days.OpenDays`: records when people are counted.

    If `failure` is set, each count and refresh raises it.
    """

    counted: ClassVar[list[datetime | None]]
    failure: ClassVar[StatementFailed | None]

    def __init__(self) -> None:
        type(self).counted = []
        type(self).failure = None

    async def count_past(self, news: News, executed_at: datetime | None) -> None:
        self.counted.append(executed_at)
        if self.failure:
            raise self.failure

    async def refresh_today(self) -> None:
        if self.failure:
            raise self.failure


class Store:
    """The tables of the store, and a sweep over them."""

    def __init__(self, client: bigquery.Client, rest: str) -> None:
        self.client = client
        self.rest = rest
        self.statements = WatchedStatements("privacy", rest, WAREHOUSE, no_wait)
        self.watch = self.statements.watch
        self.ledger = ledger_of(self.statements, rest)
        self.rollups = Rollups()
        self.rewriters: Sequence[Rewriter] = ()
        self.now = NOW
        self.clock = 0.0

    def fill(self, table: str, rows: list[dict[str, Any]]) -> None:
        event_rows.fill(self.client, WAREHOUSE.store, table, rows)

    def rows(self, columns: str, table: str = "events_v1", where: str = "TRUE") -> list[Any]:
        name = f"`{WAREHOUSE.store}.{table}`"
        sql = f"SELECT {columns} FROM {name} WHERE {where} ORDER BY {columns}"
        return [row.values() for row in self.client.query(sql).result()]

    def fill_late(self, rows: list[dict[str, Any]]) -> None:
        """Note the days of events, and then store the events, as `load` does with late rows."""
        days = {row["received_at"][:10] for row in rows}
        notes = [{"noted_at": self.now.isoformat(), "day": day, "reason": "late"} for day in days]
        self.fill("late_days_v1", notes)
        self.fill("events_v1", rows)

    async def change(self, name: str, **parameters: Parameter) -> int:
        return await self.statements.change(name, **parameters)

    async def sweep(
        self, erasure_ids: Sequence[str] | None = None, restored: Restored | None = None
    ) -> SweepReport:
        sweep = Sweep(
            self.statements,
            Receipts(self.statements, lambda: self.now),
            Search(self.ledger, WAREHOUSE.retention_days),
            self.rollups,
            self.rewriters,
            now=lambda: self.now,
            clock=lambda: self.clock,
            seconds=1,
        )
        return await sweep.run(erasure_ids, restored)


def event(ingest_id: str, user: str | None, at: datetime, **other: Any) -> dict[str, Any]:
    return {
        "ingest_id": ingest_id,
        "delivery_id": f"d-{ingest_id}",
        "received_at": at.isoformat(),
        "stored_at": at.isoformat(),
        "kind": "chat",
        "partner": "acme",
        "project": "dev",
        "event": "message_sent",
        "catalogued": True,
        "user_key": user,
        "flags": ["unknown:a"],
        "extra": '{"a": 1}',
    } | other


def room(ingest_id: str, speakers: list[str], at: datetime, **other: Any) -> dict[str, Any]:
    state = {"name": "Final", "is_speak": True, "speakers": speakers}
    return event(ingest_id, None, at, kind="room", room=state, **other)


def erasure(user: str, until: datetime, **other: Any) -> dict[str, Any]:
    return {
        "erasure_id": f"erasure of {user}",
        "partner": "acme",
        "project": "dev",
        "user_key": user,
        "source": "api",
        "mode": "grace",
        "treatment": "anonymise",
        "status": "hidden",
        "cut_off": until.isoformat(),
        "due_at": (until + GRACE).isoformat(),
        "hidden_key": f"hidden {user}",
    } | other


def hold(user: str, **other: Any) -> dict[str, Any]:
    return {
        "hold_id": f"hold of {user}",
        "partner": "acme",
        "project": "dev",
        "user_key": user,
        "reason": "a lawsuit",
        "filed_at": NOW.isoformat(),
        "filed_by": "officer@acme.example",
        "until": (NOW + 100 * DAY).isoformat(),
    } | other


def identity(user: str, first: datetime, last: datetime, **other: Any) -> dict[str, Any]:
    return {
        "partner": "acme",
        "project": "dev",
        "user_key": user,
        "key_version": 1,
        "user_id": f"id of {user}",
        "nickname": f"name of {user}",
        "first_seen": first.isoformat(),
        "last_seen": last.isoformat(),
    } | other


def active_day(user: str, until: datetime, **other: Any) -> dict[str, Any]:
    acts = ("has_sent", "has_opened", "has_taken_part", "has_asked", "has_accepted")
    return (
        dict.fromkeys(acts, False)
        | {
            "partner": "acme",
            "project": "dev",
            "day": until.date().isoformat(),
            "user_key": user,
            "until": until.isoformat(),
            "is_anonymised": False,
            "rooms": [],
        }
        | other
    )


def end_of(moment: datetime) -> datetime:
    """Return the last moment of a day: the column `until` of most active days."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + DAY - timedelta(microseconds=1)
