"""The dashboard's queries return the expected rows, and read only rollups.

The cases of a query are in the file of the same name in ``dashboard/``. A case has the rows of
tables, and the rows that the query returns for 25 August to 22 November 2026, in order. If a row
leaves out a number, it is 0; if it leaves out the project, it is ``dev``.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlglot
import yaml
from google.cloud import bigquery
from sqlglot import exp

from functions.dashboard.rollups import Rollups, Rows
from functions.warehouse.client import open_client
from functions.warehouse.schema import SQL, TableSchema, list_tables, render
from functions.warehouse.statements import Statements
from local.clients import ONCE
from tests.sql.stand_in import LOCATION, PROJECT, WAREHOUSE, StandIn

FIRST, LAST, FIRST_WEEK = date(2026, 8, 25), date(2026, 11, 22), date(2026, 8, 24)
ABOUT_PEOPLE = {"user_key", "hidden_key", "user_id", "nickname"}
TABLES = {table.name: table for table in list_tables()}


class Case(NamedTuple):
    name: str
    query: str
    rows: dict[str, list[dict[str, Any]]]
    expected: list[dict[str, Any]]


CASES = [
    Case(f"{file.stem}: {case['name']}", file.stem, case["rows"], case["expected"])
    for file in sorted((Path(__file__).parent / "dashboard").glob("*.yaml"))
    for case in yaml.safe_load(file.read_text())
]


def complete(table: TableSchema, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with defaults for the columns that it leaves out."""
    filled: dict[str, Any] = {"partner": "acme", "project": "dev"}
    for column in table.schema:
        if column.type == "INTEGER":
            filled[column.name] = 0
        elif column.type == "TIMESTAMP":
            filled[column.name] = "2026-11-22T10:00:00+00:00"
    named = {column.name for column in table.schema}
    given = {name: value for name, value in (filled | row).items() if name in named}
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in given.items()
    }


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


@pytest.mark.cell
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_query_returns(
    empty_warehouse: bigquery.Client, stand_in: StandIn, case: Case
) -> None:
    for name, rows in case.rows.items():
        completed = [complete(TABLES[name], row) for row in rows]
        target = f"{WAREHOUSE.store}.{name}"
        assert not empty_warehouse.insert_rows_json(target, completed, retry=ONCE, timeout=30)
    statements = Statements(
        "dashboard",
        lambda: open_client(stand_in.rest, PROJECT, LOCATION),
        WAREHOUSE.variables(),
        seconds=60,
    )
    rollups = Rollups(statements)
    found = (await rollups.read("dev", FIRST, LAST, FIRST_WEEK))._asdict()[case.query]
    compared = case.expected[0] if case.expected else {}
    shown = [{name: plain(row[name]) for name in compared} for row in found]
    assert shown == case.expected


def test_every_query_has_cases() -> None:
    queries = {file.stem for file in SQL.glob("dashboard/*.sql")}
    assert {case.query for case in CASES} == queries == set(Rows._fields)


def read_tables(name: str) -> set[str]:
    """Return the tables that a query reads, each with its dataset, but not its subqueries."""
    text = render((SQL / "dashboard" / f"{name}.sql").read_text(), {"store": "p.store"})
    query = sqlglot.parse_one(text, read="bigquery")
    subqueries = {subquery.alias for subquery in query.find_all(exp.CTE)}
    return {
        f"{table.db}.{table.name}"
        for table in query.find_all(exp.Table)
        if table.db or table.name not in subqueries
    }


@pytest.mark.parametrize("name", Rows._fields)
def test_a_query_reads_rollups_only(name: str) -> None:
    tables = read_tables(name)
    assert tables
    for table in tables:
        dataset, _, table_name = table.partition(".")
        assert dataset == "store", "the query reads a view, and views read events"
        columns = {column.name for column in TABLES[table_name].schema}
        assert not columns & ABOUT_PEOPLE
        assert table_name != "events_v1"


def test_reading_events_would_be_noticed() -> None:
    for table in ("events_v1", "identities_v1", "erasures_v1"):
        columns = {column.name for column in TABLES[table].schema}
        assert columns & ABOUT_PEOPLE
