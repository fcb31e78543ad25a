"""What each view shows of which rows; the cases are files in ``cases/``.

A case names a view, the rows of store tables (what it leaves out is filled in below), the columns
that it compares, and the rows that the view shows, in any order. A time is written relative to the
day of the test: ``today-9d 23:59:59`` is a timestamp (UTC), ``today-9d`` a date.
"""

import re
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
import yaml
from google.cloud import bigquery

from functions.warehouse import render
from local.clients import ONCE

pytestmark = pytest.mark.cell

STORE = "local.chat_eu_store"
RELATIVE = re.compile(r"today(?:([+-]\d+)d)?(?: (\d\d:\d\d:\d\d(?:\.\d+)?))?")


class Case(NamedTuple):
    name: str
    view: str
    rows: dict[str, list[dict[str, Any]]]
    expected: list[dict[str, Any]]


def read_cases() -> list[Case]:
    return [
        Case(f"{file.stem}: {case['name']}", file.stem, case["rows"], case["expected"])
        for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
        for case in yaml.safe_load(file.read_text())
    ]


def resolve(value: Any, today: date) -> Any:
    """Make a moment or a date of what is written relative to today."""
    relative = RELATIVE.fullmatch(value) if isinstance(value, str) else None
    if relative is None:
        return value
    day = today + timedelta(days=int(relative[1] or 0))
    if relative[2] is None:
        return day
    return datetime.combine(day, time.fromisoformat(relative[2]), UTC)


def complete(table: str, number: int, row: dict[str, Any], today: date) -> dict[str, Any]:
    if table == "events_v1":
        row = {
            "delivery_id": f"d{number}",
            "stored_at": row["received_at"],
            "kind": "chat",
            "partner": "acme",
            "project": "dev",
            "event": "message_sent",
            "catalogued": True,
        } | row
    else:
        row = {"erasure_id": f"e{number}", "project": "dev", "status": "hidden"} | row
    return {name: as_json(value, today) for name, value in row.items()}


def as_json(value: Any, today: date) -> Any:
    if isinstance(value, dict):
        record = {name: resolve(member, today) for name, member in value.items()}
        # The stand-in reads times as text in columns, but not in records.
        return {
            name: int(member.timestamp() * 1_000_000) if isinstance(member, datetime) else member
            for name, member in record.items()
        }
    resolved = resolve(value, today)
    return resolved.isoformat() if isinstance(resolved, datetime) else resolved


def insert(client: bigquery.Client, rows: dict[str, list[dict[str, Any]]], today: date) -> None:
    for table, given in rows.items():
        completed = [complete(table, number, row, today) for number, row in enumerate(given)]
        assert not client.insert_rows_json(f"{STORE}.{table}", completed, retry=ONCE, timeout=60)


def canonical(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: repr(sorted(row.items())))


def utc_today() -> date:
    return datetime.now(UTC).date()


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.name)
def test_view_shows(empty_warehouse: bigquery.Client, case: Case) -> None:
    today = utc_today()
    insert(empty_warehouse, case.rows, today)
    columns = ", ".join(case.expected[0])
    query = render("SELECT ${columns} FROM ${view}", {"columns": columns, "view": case.view})
    shown = [dict(row) for row in empty_warehouse.query(query).result()]
    if utc_today() != today:
        pytest.skip("midnight (UTC) passed between the rows and the query")
    expected = [
        {name: resolve(value, today) for name, value in row.items()} for row in case.expected
    ]
    assert canonical(shown) == canonical(expected)


def test_active_users_are_the_distinct_people_of_each_window(
    empty_warehouse: bigquery.Client,
) -> None:
    today, random = utc_today(), Random(7)
    active: dict[date, set[str]] = defaultdict(set)
    for user in range(30):
        for ago in random.sample(range(3, 70), random.randint(1, 12)):
            active[today - timedelta(days=ago)].add(f"user-{user}")
    rows = [
        {"ingest_id": f"{day}{user}", "received_at": f"{day}T12:00:00Z", "user_key": user}
        for day, users in active.items()
        for user in users
    ]
    insert(empty_warehouse, {"events_v1": rows}, today)

    def people(day: date, days: int) -> int:
        return len(set().union(*(active[day - timedelta(days=back)] for back in range(days))))

    first = min(active)
    expected = [
        (day, people(day, 1), people(day, 7), people(day, 30))
        for day in (first + timedelta(days=number) for number in range((today - first).days + 1))
    ]
    shown = empty_warehouse.query("SELECT day, dau, wau, mau FROM active_users ORDER BY day")
    assert [row.values() for row in shown.result()] == expected
