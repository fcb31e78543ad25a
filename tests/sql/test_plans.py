"""A filter on the time of receipt reaches the scans of tables, as the plans of an optimizer show.

The plans are those of DuckDB for the same SQL. Plans of BigQuery need an account; docs/queries.md
says how to get them.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from functions.events.catalogue import load_catalogue
from functions.warehouse.schema import Column, Warehouse, list_tables, list_views, render

pytestmark = pytest.mark.slow

WAREHOUSE = Warehouse("p.store", "p.bi")
TYPES = {
    "STRING": "VARCHAR",
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMP": "TIMESTAMPTZ",
    "DATE": "DATE",
    "JSON": "JSON",
}
ALIKE = {"event_message_sent", "event_pq_answer_sent"}
"""The two views that stand for all views of single events, which have the same form."""
VIEWS = [view for view in list_views() if not view.name.startswith("event_") or view.name in ALIKE]
WHOLE = {"rooms"}
"""Views that read all days, because the latest state of a room may be in an event of any day."""
TIMES = ("received_at", "day", "week")
"""The columns to filter on; a view is filtered on the first of them that it has."""
ROLLUPS = [
    table for table in list_tables() if table.name in {"active_users_v1", "daily_v1", "cohorts_v1"}
]
ROLLUP_NAMES = {table.name for table in ROLLUPS}
NOW = datetime(2026, 5, 11, 12, tzinfo=UTC)
"""The fixed time in place of the clock, because a new day may begin while the tests run."""
TODAY = NOW.date()
FIRST = TODAY - timedelta(days=90)
FIRST_OPEN = TODAY - timedelta(days=WAREHOUSE.open_window_days)


class Scan(NamedTuple):
    """A scan of a table of the store, with the conditions that it applies."""

    table: str
    filters: str

    @property
    def settled(self) -> bool:
        return f"received_at < '{FIRST_OPEN} 00:00:00+00'" in self.filters


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse in DuckDB, with rows on each day, so that DuckDB leaves out no empty branch."""
    with duckdb.connect() as database:
        database.execute("ATTACH ':memory:' AS p; CREATE SCHEMA p.store; CREATE SCHEMA p.bi")
        database.execute("SET TimeZone = 'UTC'")
        for table in list_tables():
            columns = ", ".join(f'"{column.name}" {of_duckdb(column)}' for column in table.schema)
            database.execute(f"CREATE TABLE p.store.{table.name} ({columns})")
        names = ", ".join(f"'{event.name}'" for event in load_catalogue().events)
        database.execute(
            "INSERT INTO p.store.events_v1 (ingest_id, delivery_id, kind, project, user_key,"
            " room_id, event, catalogued, flags, received_at)"
            " SELECT hour, hour, 'chat', 'dev', 'ann', 'r1', event, hour % 2 = 0, ['unknown:a'],"
            f" TIMESTAMPTZ '{NOW}' - INTERVAL (hour) HOUR"
            f" FROM range(0, 6000, 12) hours (hour), UNNEST([{names}]) names (event)"
        )
        database.execute(
            "UPDATE p.store.events_v1 SET kind = 'test' WHERE ingest_id::INTEGER % 36 = 0"
        )
        database.execute(
            "INSERT INTO p.store.room_events_v1 SELECT * REPLACE ('room' AS kind)"
            " FROM p.store.events_v1 WHERE kind = 'chat'"
        )
        for table in ROLLUPS:
            database.execute(
                f"INSERT INTO p.store.{table.name} (project, {table.partition_by})"
                f" SELECT 'dev', DATE '{TODAY}' - number::INTEGER FROM range(400) days (number)"
            )
        database.execute("UPDATE p.store.cohorts_v1 SET cohort_week = week, people = 1")
        for view in VIEWS:
            query = in_duckdb(render(view.query, WAREHOUSE.variables()))
            database.execute(f"CREATE VIEW p.bi.{view.name} AS {query}")
        yield database


def of_duckdb(column: Column) -> str:
    name = TYPES.get(column.type, "")
    if column.type == "RECORD":
        fields = ", ".join(f'"{field.name}" {of_duckdb(field)}' for field in column.fields)
        name = f"STRUCT({fields})"
    return f"{name}[]" if column.mode == "REPEATED" else name


def in_duckdb(sql: str) -> str:
    """Translate a query for DuckDB, with NOW in place of the clock.

    A cast becomes TRY_CAST, because DuckDB moves no filter past a cast that may fail.
    BigQuery's DATE of a timestamp never fails. An array that a query makes from arrays of the same
    row becomes NULL. DuckDB would make a join from it, which no filter passes. BigQuery evaluates
    it within the row, like any other expression.
    """
    read = (
        sqlglot.parse_one(sql, read="bigquery")
        .transform(lambda node: exp.null() if is_made_of_arrays(node) else node)
        .transform(at_now)
    )
    query = sqlglot.parse_one(read.sql("duckdb"), read="duckdb")
    return query.transform(
        lambda node: exp.TryCast(**node.args) if type(node) is exp.Cast else node
    ).sql("duckdb")


def at_now(node: exp.Expr) -> exp.Expr:
    """Replace a function that reads the clock by its value at NOW."""
    if isinstance(node, exp.CurrentTimestamp):
        return exp.cast(exp.Literal.string(NOW.isoformat()), exp.DataType.Type.TIMESTAMPTZ)
    if isinstance(node, exp.CurrentDate):
        return exp.cast(exp.Literal.string(TODAY.isoformat()), exp.DataType.Type.DATE)
    return node


def is_made_of_arrays(node: exp.Expr) -> bool:
    """Say whether a node is ``ARRAY(SELECT … FROM UNNEST(…))`` without a table."""
    if not isinstance(node, exp.Array) or not node.find(exp.Select):
        return False
    return bool(node.find(exp.Unnest)) and not node.find(exp.Table)


def scans(database: duckdb.DuckDBPyConnection, sql: str) -> list[Scan]:
    [(_, plan)] = database.execute(f"EXPLAIN (FORMAT JSON) {in_duckdb(sql)}").fetchall()
    return [scan for root in json.loads(plan) for scan in walk(root)]


def walk(node: dict[str, Any]) -> Iterator[Scan]:
    if "Table" in node["extra_info"]:
        name = node["extra_info"]["Table"].rsplit(".", 1)[-1]
        yield Scan(name, str(node["extra_info"].get("Filters", "")))
    for child in node["children"]:
        yield from walk(child)


def since(column: str, day: date) -> str:
    """Return a filter as an analyst writes it."""
    moment = f"TIMESTAMP '{day} 00:00:00+00'" if column == "received_at" else f"DATE '{day}'"
    return f"{column} >= {moment}"


FILTERED = [
    (view.name, column)
    for view in VIEWS
    if view.name not in WHOLE
    for column in [next(name for name in TIMES if name in {each.name for each in view.columns})]
]


BEFORE = {("cohorts", "cohorts_v1"), ("overview", "daily_v1")}
"""Views that read a rollup before the filter: for the start of a cohort, or the days of a span."""


def bounded(scan: Scan, first: date) -> bool:
    """Say whether a scan begins on a day, or on the day before if the filter is on a DATE."""
    days = [first - timedelta(days=back) for back in (0, 1)]
    bounds = [f">= '{day} 00:00:00+00'" for day in days] + [f">= '{first}'::DATE"]
    return any(bound in scan.filters for bound in bounds)


@pytest.mark.parametrize(("view", "column"), [*FILTERED, ("events", "DATE(received_at)")])
def test_a_filter_of_ninety_days_reaches_the_scans(
    database: duckdb.DuckDBPyConnection, view: str, column: str
) -> None:
    unfiltered = scans(database, f"SELECT * FROM `p.bi.{view}`")
    filtered = scans(database, f"SELECT * FROM `p.bi.{view}` WHERE {since(column, FIRST)}")
    rollups = [scan for scan in filtered if scan.table in ROLLUP_NAMES]
    dated = [scan for scan in filtered if scan.settled] + [
        scan for scan in rollups if (view, scan.table) not in BEFORE or bounded(scan, FIRST)
    ]
    assert dated
    assert all(bounded(scan, FIRST) for scan in dated)
    assert not any(bounded(scan, FIRST) for scan in unfiltered)


@pytest.mark.parametrize(("view", "column"), FILTERED)
def test_a_filter_of_the_last_day_reaches_the_open_window(
    database: duckdb.DuckDBPyConnection, view: str, column: str
) -> None:
    """Only the scan of the keys of retries reads the whole open window."""
    found = scans(database, f"SELECT * FROM `p.bi.{view}` WHERE {since(column, TODAY)}")
    others = [
        scan for scan in found if scan.table not in ROLLUP_NAMES and "retry_key" not in scan.filters
    ]
    assert all(bounded(scan, TODAY) for scan in others if not scan.settled)


@pytest.mark.parametrize("view", [view.name for view in VIEWS])
def test_events_are_scanned_between_constants(
    database: duckdb.DuckDBPyConnection, view: str
) -> None:
    found = scans(database, f"SELECT * FROM `p.bi.{view}`")
    reads = [scan for scan in found if scan.table in {"events_v1", "room_events_v1"}]
    oldest = TODAY - timedelta(days=WAREHOUSE.retention_days + 1)
    for scan in reads:
        first = oldest if scan.settled else FIRST_OPEN
        assert f"received_at >= '{first} 00:00:00+00'" in scan.filters
    assert {scan.settled for scan in reads} in ({True, False}, set())
    assert reads or {scan.table for scan in found} <= ROLLUP_NAMES


def test_a_view_that_hides_its_days_would_be_noticed(database: duckdb.DuckDBPyConnection) -> None:
    database.execute("""
        CREATE VIEW p.bi.ranked AS
        SELECT received_at, row_number() OVER (ORDER BY received_at) AS place FROM p.bi.events
    """)
    found = scans(database, f"SELECT * FROM `p.bi.ranked` WHERE {since('received_at', FIRST)}")
    assert not any(bounded(scan, FIRST) for scan in found)
