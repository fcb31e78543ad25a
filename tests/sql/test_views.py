"""Each view shows the expected rows; the cases are files in ``cases/``.

A case names a view, the rows of tables in the store, the columns to compare, and the rows that the
view shows, in any order. The test fills in columns that the rows of tables leave out.
``expected_where`` selects the rows of the view to compare. A time is relative to the day of the
test: ``today-9d 23:59:59`` is a timestamp (UTC), ``today-9d`` is a date, and ``monday-2w`` is the
Monday of the week two weeks before. The test refreshes rollups before it reads a view of rollups.
"""

import asyncio
import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from google.cloud import bigquery

from functions.warehouse.schema import list_views
from tests.sql import new_year
from tests.sql.new_year import TODAY
from tests.sql.stand_in import StandIn

pytestmark = pytest.mark.cell

RELATIVE = re.compile(r"(today|monday)(?:([+-]\d+)([dw]))?(?: (\d\d:\d\d:\d\d(?:\.\d+)?))?")
MONDAY = TODAY - timedelta(days=TODAY.weekday())
ROLLUPS = {"active_users", "cohorts", "overview"}
ERASURE = {
    "partner": "acme",
    "project": "dev",
    "source": "api",
    "mode": "grace",
    "treatment": "anonymise",
    "status": "hidden",
}


class Case(NamedTuple):
    name: str
    view: str
    rows: dict[str, list[dict[str, Any]]]
    where: str
    expected: list[dict[str, Any]]


def read_cases() -> list[Case]:
    return [
        Case(
            f"{file.stem}: {case['name']}",
            file.stem,
            case["rows"],
            case.get("expected_where", "TRUE"),
            case["expected"],
        )
        for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
        for case in yaml.safe_load(file.read_text())
    ]


def resolve(value: Any) -> Any:
    """Return the moment or date that a text relative to today means; return other values as is."""
    relative = RELATIVE.fullmatch(value) if isinstance(value, str) else None
    if relative is None:
        return value
    number = int(relative[2] or 0) * (7 if relative[3] == "w" else 1)
    day = (TODAY if relative[1] == "today" else MONDAY) + timedelta(days=number)
    if relative[4] is None:
        return day
    return datetime.combine(day, time.fromisoformat(relative[4]), UTC)


def complete(table: str, number: int, row: dict[str, Any]) -> dict[str, Any]:
    if table == "events_v1":
        row = {
            "delivery_id": f"d{number}",
            "ingest_id": f"i{number}",
            "stored_at": row["received_at"],
            "kind": "chat",
            "partner": "acme",
            "project": "dev",
            "event": "message_sent",
            "catalogued": True,
        } | row
    else:
        row = ERASURE | {"erasure_id": f"e{number}", "due_at": row["cut_off"]} | row
    return {name: as_json(value) for name, value in row.items()}


def as_json(value: Any) -> Any:
    if isinstance(value, dict):
        record = {name: resolve(member) for name, member in value.items()}
        # The stand-in reads times as text in columns, but not in records.
        return {
            name: int(member.timestamp() * 1_000_000) if isinstance(member, datetime) else member
            for name, member in record.items()
        }
    resolved = resolve(value)
    return resolved.isoformat() if isinstance(resolved, datetime) else resolved


def canonical(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: repr(sorted(row.items())))


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.name)
def test_view_shows(as_of_new_year: bigquery.Client, stand_in: StandIn, case: Case) -> None:
    for table, rows in case.rows.items():
        completed = [complete(table, number, row) for number, row in enumerate(rows)]
        new_year.insert(as_of_new_year, table, completed)
    if case.view in ROLLUPS:
        first = min(resolve(row["received_at"]) for row in case.rows["events_v1"])
        asyncio.run(new_year.refresh(stand_in.rest, first.date()))
    columns = ", ".join(case.expected[0])
    shown = new_year.query(as_of_new_year, f"SELECT {columns} FROM {case.view} WHERE {case.where}")
    expected = [{name: resolve(value) for name, value in row.items()} for row in case.expected]
    assert canonical(shown) == canonical(expected)


def test_every_view_has_cases() -> None:
    names = {view.name for view in list_views() if not view.name.startswith("event_")}
    assert {case.view for case in read_cases()} == names


def test_types_are_as_described(warehouse: bigquery.Client) -> None:
    for view in list_views():
        if view.name.startswith("event_"):
            continue
        described = [(column.name, column.type, column.mode) for column in view.columns]
        result = warehouse.query(f"SELECT * FROM {view.name} LIMIT 0").result()
        assert [(field.name, field.field_type, field.mode) for field in result.schema] == described
