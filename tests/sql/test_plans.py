"""That a filter on the time of receipt reaches the partitions, shown by an optimizer's plan.

The plans are DuckDB's, of the same SQL. BigQuery's own answer takes an account: docs/queries.md
says how to ask for it.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from functions.warehouse import Column, Warehouse, list_tables, list_views, render

pytestmark = pytest.mark.slow

WAREHOUSE = Warehouse("p.store", "p.bi")
TYPES = {
    "STRING": "VARCHAR",
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMP": "TIMESTAMPTZ",
    "JSON": "JSON",
}
NAMES = {"events", "daily_activity", "event_message_sent", "event_pq_answer_sent"}
"""All event_ views are made alike: two stand for them."""
VIEWS = [view for view in list_views() if view.name in NAMES]
EVENTS = [view.name for view in VIEWS if view.name != "daily_activity"]
FIRST = datetime.now(UTC).date() - timedelta(days=60)


class Scan(NamedTuple):
    """A scan of events_v1."""

    filters: str
    under_window: bool


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse in DuckDB, with events of each hour, so that no branch is left out as empty."""
    with duckdb.connect() as database:
        database.execute("ATTACH ':memory:' AS p; CREATE SCHEMA p.store; CREATE SCHEMA p.bi")
        database.execute("SET TimeZone = 'UTC'")
        for table in list_tables():
            columns = ", ".join(f'"{column.name}" {of_duckdb(column)}' for column in table.schema)
            database.execute(f"CREATE TABLE p.store.{table.name} ({columns})")
        names = ", ".join(f"'{view.name.removeprefix('event_')}'" for view in VIEWS)
        database.execute(
            "INSERT INTO p.store.events_v1 (ingest_id, delivery_id, kind, event, received_at)"
            " SELECT hour, hour, 'chat', event, now() - INTERVAL (hour) HOUR"
            f" FROM range(6000) hours (hour), UNNEST([{names}]) names (event)"
        )
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
    """Translate a query. DuckDB moves no cast that may fail; BigQuery's DATE never does."""
    [translated] = sqlglot.transpile(sql, read="bigquery", write="duckdb")
    query = sqlglot.parse_one(translated, read="duckdb")
    return query.transform(
        lambda node: exp.TryCast(**node.args) if type(node) is exp.Cast else node
    ).sql("duckdb")


def scans(database: duckdb.DuckDBPyConnection, sql: str) -> list[Scan]:
    [(_, plan)] = database.execute(f"EXPLAIN (FORMAT JSON) {in_duckdb(sql)}").fetchall()
    return [scan for root in json.loads(plan) for scan in walk(root, under_window=False)]


def walk(node: dict[str, Any], *, under_window: bool) -> Iterator[Scan]:
    if node["extra_info"].get("Table", "").endswith("events_v1"):
        yield Scan(str(node["extra_info"].get("Filters", "")), under_window)
    for child in node["children"]:
        yield from walk(child, under_window=under_window or node["name"].strip() == "WINDOW")


@pytest.mark.parametrize(
    ("view", "condition"),
    [(view, f"received_at >= TIMESTAMP '{FIRST} 00:00:00+00'") for view in EVENTS]
    + [("events", f"DATE(received_at) >= DATE '{FIRST}'")]
    + [("daily_activity", f"day >= DATE '{FIRST}'")],
)
def test_a_filter_reaches_the_scan_of_the_settled_days(
    database: duckdb.DuckDBPyConnection, view: str, condition: str
) -> None:
    unfiltered = scans(database, f"SELECT * FROM `p.bi.{view}`")
    filtered = scans(database, f"SELECT * FROM `p.bi.{view}` WHERE {condition}")
    # From the day or, where it goes through DATE, from the day before on: never later.
    bounds = [f"received_at >= '{FIRST - timedelta(days=back)} 00:00:00+00'" for back in (0, 1)]
    settled = [scan.filters for scan in filtered if not scan.under_window]
    assert settled
    assert all(any(bound in filters for bound in bounds) for filters in settled)
    assert not any(bound in scan.filters for scan in unfiltered for bound in bounds)


@pytest.mark.parametrize("view", [view.name for view in VIEWS])
def test_the_open_window_is_scanned_from_a_constant_on(
    database: duckdb.DuckDBPyConnection, view: str
) -> None:
    today = datetime.now(UTC).date()
    found = [scan for scan in scans(database, f"SELECT * FROM `p.bi.{view}`") if scan.under_window]
    first = today - timedelta(days=WAREHOUSE.open_window_days)
    assert found
    for scan in found:
        assert f"received_at >= '{first} 00:00:00+00'" in scan.filters
