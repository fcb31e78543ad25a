"""The BI views with a fixed moment in place of the clock, so that no test depends on the clock.

The moment is Sunday, 3 January 2027, at noon. The open window then begins in another year, month
and week.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from google.cloud import bigquery

from functions.operate.refresh import Refresh, RefreshReport
from functions.warehouse.client import open_client
from functions.warehouse.ledger import Ledger
from functions.warehouse.schema import Warehouse, list_views
from functions.warehouse.statements import Statements
from local.warehouse import create_datasets, replace_views
from tests.sql import event_rows

NOW = datetime(2027, 1, 3, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
WAREHOUSE = Warehouse("local.chat_eu_store", "local.new_year")
SHOWN = {"event_message_sent", "event_emoji_sent", "event_pq_answer_sent"}
CONFIG = bigquery.QueryJobConfig(default_dataset=WAREHOUSE.bi)


def create_views(client: bigquery.Client) -> None:
    """Create the views with the moment in place of the clock, but few views of single events."""
    create_datasets(client, WAREHOUSE, "europe-west1")
    views = [
        view._replace(query=view.query.replace("CURRENT_TIMESTAMP()", f"TIMESTAMP '{NOW}'"))
        for view in list_views()
        if not view.name.startswith("event_") or view.name in SHOWN
    ]
    replace_views(client, WAREHOUSE, views)


def query(client: bigquery.Client, sql: str) -> list[dict[str, Any]]:
    """Run a query on the views."""
    return [dict(row) for row in client.query(sql, job_config=CONFIG).result()]


def insert(client: bigquery.Client, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows into a table of the store."""
    event_rows.fill(client, WAREHOUSE.store, table, rows)


async def refresh(
    rest: str, first: date | None = None, last: date | None = None, now: datetime = NOW
) -> RefreshReport:
    """Refresh the rollups at a time, with the code of `operate`."""
    statements = Statements(
        "operate",
        lambda: open_client(rest, "local", "europe-west1"),
        WAREHOUSE.variables(),
        seconds=60,
    )
    refreshing = Refresh(
        statements,
        Ledger(statements, WAREHOUSE.retention_days),
        now=lambda: now,
        clock=lambda: 0.0,
        seconds=1,
        retention_days=WAREHOUSE.retention_days,
    )
    report = await refreshing.run(first, last)
    assert report.failed == ""
    return report
