"""Settling leaves one row of each event. Runs at the same time do no harm."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from google.cloud import bigquery

from functions.operate.settle import Settle, SettleReport
from functions.warehouse.client import open_client
from functions.warehouse.ledger import Ledger
from functions.warehouse.schema import Warehouse
from functions.warehouse.statements import Statements
from tests.sql import event_rows

pytestmark = pytest.mark.cell

WAREHOUSE = Warehouse("local.chat_eu_store", "local.chat_eu")
NOW = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Store:
    """The tables of the store, and the job that settles them."""

    def __init__(self, client: bigquery.Client, rest: str) -> None:
        self.client = client
        self.rest = rest

    def fill(self, table: str, rows: list[dict[str, Any]]) -> None:
        event_rows.fill(self.client, WAREHOUSE.store, table, rows)

    def rows(self, columns: str, table: str = "events_v1") -> list[tuple[Any, ...]]:
        sql = f"SELECT {columns} FROM `{WAREHOUSE.store}.{table}` ORDER BY {columns}"
        return [row.values() for row in self.client.query(sql).result()]

    async def settle(self, *days: date) -> SettleReport:
        async def no_wait(_seconds: float) -> None:
            pass

        statements = Statements(
            "operate",
            lambda: open_client(self.rest, "local", "europe-west1"),
            WAREHOUSE.variables(),
            seconds=60,
            sleep=no_wait,
        )
        settle = Settle(
            statements,
            Ledger(statements, WAREHOUSE.retention_days),
            now=lambda: NOW,
            clock=lambda: 0.0,
            seconds=1,
            retention_days=WAREHOUSE.retention_days,
        )
        return await settle.run(days)


@pytest.fixture
def store(empty_warehouse: bigquery.Client, stand_in: Any) -> Store:
    return Store(empty_warehouse, stand_in.rest)


def event(ingest_id: str, delivery_id: str, at: datetime, extra: str | None = None) -> Any:
    return {
        "ingest_id": ingest_id,
        "delivery_id": delivery_id,
        "received_at": at.isoformat(),
        "stored_at": at.isoformat(),
        "kind": "chat",
        "partner": "acme",
        "project": "dev",
        "catalogued": True,
        "extra": extra,
    }


def identity(user: str, nickname: str | None, at: datetime, **other: Any) -> dict[str, Any]:
    return {
        "partner": "acme",
        "project": "dev",
        "user_key": f"key of {user}",
        "key_version": 1,
        "user_id": user,
        "nickname": nickname,
        "first_seen": at.isoformat(),
        "last_seen": at.isoformat(),
    } | other


async def test_the_earliest_received_row_of_an_event_stays(store: Store) -> None:
    store.fill(
        "events_v1",
        [
            event("a", "3", NOW - HOUR),
            event("a", "2", NOW - 5 * DAY),
            event("a", "1", NOW - DAY),
            event("same time", "z", NOW),
            event("same time", "y", NOW),
            event("once", "4", NOW),
            event("left the window", "6", NOW - 9 * DAY + HOUR),
            event("left the window", "5", NOW - 9 * DAY),
            event("began before it", "7", NOW - 16 * DAY),
            event("began before it", "8", NOW - 9 * DAY),
        ],
    )
    report = await store.settle()
    assert store.rows("ingest_id, delivery_id") == [
        ("a", "2"),
        ("began before it", "7"),
        ("left the window", "5"),
        ("once", "4"),
        ("same time", "y"),
    ]
    assert report.copies == 5
    assert report.days == ["2026-11-22", "2026-11-21", "2026-11-13"]


async def test_old_days_are_settled_when_they_are_named(store: Store) -> None:
    old = NOW - 40 * DAY
    store.fill(
        "events_v1",
        [
            event("replayed", "1", old),
            event("replayed", "2", old + 3 * DAY),
            event("far apart", "3", old),
            event("far apart", "4", old + 10 * DAY),
        ],
    )
    assert (await store.settle()).copies == 0
    assert (await store.settle(old.date())).copies == 1
    assert [row[0] for row in store.rows("delivery_id")] == ["1", "3", "4"]


async def test_rows_that_cannot_be_told_apart_stay(store: Store) -> None:
    twice = [event("a", "1", NOW), event("a", "1", NOW)]
    store.fill("events_v1", [*twice, event("a", "2", NOW)])
    await store.settle()
    assert [row[0] for row in store.rows("delivery_id")] == ["1", "1"]


async def test_unknown_properties_are_emptied_after_thirty_days(store: Store) -> None:
    kept = datetime(2026, 10, 23, tzinfo=UTC)
    store.fill(
        "events_v1",
        [
            event("kept", "1", kept, '{"a": 1}'),
            event("emptied", "2", kept - timedelta(microseconds=1), '{"a": 1}'),
            event("older", "3", kept - 100 * DAY, '{"a": 1}'),
            event("without", "4", kept - 50 * DAY),
        ],
    )
    assert (await store.settle()).emptied == 2
    assert store.rows("ingest_id, extra IS NULL") == [
        ("emptied", True),
        ("kept", False),
        ("older", True),
        ("without", True),
    ]


async def test_settling_leaves_one_identity_of_each_person(store: Store) -> None:
    store.fill(
        "identities_v1",
        [
            identity("ann", "Andy", NOW - 100 * DAY),
            identity("ann", "Annie", NOW - DAY),
            identity("ann", None, NOW),
            identity("ann", None, NOW),
            identity("ann", "Ann", NOW, project="shop"),
            identity("ann", "Ann", NOW, key_version=2, user_key="another key of ann"),
            identity("bob", None, NOW),
        ],
    )
    await store.settle()
    seen = "user_key, project, nickname, first_seen, last_seen"
    assert store.rows(seen, "identities_v1") == [
        ("another key of ann", "dev", "Ann", NOW, NOW),
        ("key of ann", "dev", "Annie", NOW - 100 * DAY, NOW),
        ("key of ann", "shop", "Ann", NOW, NOW),
        ("key of bob", "dev", None, NOW, NOW),
    ]


async def test_a_second_run_changes_nothing(store: Store) -> None:
    store.fill("events_v1", [event("a", str(number), NOW - number * DAY) for number in range(8)])
    store.fill("identities_v1", [identity("ann", "Ann", NOW - HOUR), identity("ann", None, NOW)])
    assert await store.settle() != SettleReport()
    assert await store.settle() == SettleReport()


async def test_runs_at_the_same_time_keep_one_row_of_each_event(store: Store) -> None:
    random = Random(4)
    rows = [
        event(f"event {number % 300}", f"delivery {number}", NOW - random.random() * 9 * DAY)
        for number in range(1_000)
    ]
    people = [identity(f"user {number % 50}", None, NOW - number * HOUR) for number in range(200)]
    store.fill("events_v1", rows)
    store.fill("identities_v1", people)
    earliest: dict[str, tuple[str, str]] = {}
    for row in rows:
        candidate = (row["received_at"], row["delivery_id"])
        earliest[row["ingest_id"]] = min(earliest.get(row["ingest_id"], candidate), candidate)
    reports = await asyncio.gather(*(store.settle() for _ in range(3)))
    assert {report.failed for report in reports} == {""}
    kept = dict(store.rows("ingest_id, delivery_id"))
    assert kept == {ingest_id: delivery_id for ingest_id, (_, delivery_id) in earliest.items()}
    assert len(store.rows("ingest_id")) == 300
    users = Counter(row[0] for row in store.rows("user_id", "identities_v1"))
    assert (len(users), set(users.values())) == (50, {1})
