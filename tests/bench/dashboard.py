"""Measures the dashboard while the table of events doubles; its time must not grow."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx
import msgspec
import sqlglot
from sqlglot import exp

from functions.dashboard.report import Window
from functions.warehouse.schema import SQL, render
from local import demonstration, query
from local.cell import PROJECT, Cell
from local.up import running

EVENTS = 150_000
DOUBLINGS = 2
DAYS = 180
"""The number of days before today over which the events are spread evenly."""

REQUESTS = 20
SECONDS = 60
"""How many seconds one request may take."""

ENDPOINT_MS = 1_000
"""The bar: the longest time, in milliseconds, that `/data` may take to answer."""

LOG = "runs_v1"
"""A table with a row for each refresh, however many events there are; not counted as a rollup."""

FILL = """
INSERT INTO `${store}.events_v1` (
  ingest_id, delivery_id, received_at, stored_at, kind, partner, project, event, catalogued,
  room_id, user_key
)
SELECT
  GENERATE_UUID(), GENERATE_UUID(), received_at, received_at, 'chat', 'demo', 'dev',
  ['session_started', 'room_opened', 'agreement_accepted', 'message_sent', 'emoji_sent',
   'message_reaction_sent'][OFFSET(MOD(DIV(number, ${days}), 6))],
  TRUE,
  CONCAT('room-', CAST(MOD(number, 41) AS STRING)),
  CONCAT('${fill}-', CAST(MOD(number, 2003) AS STRING))
FROM (
  SELECT
    number,
    TIMESTAMP_ADD(
      TIMESTAMP_SUB(TIMESTAMP '${today}', INTERVAL (1 + MOD(number, ${days})) DAY),
      INTERVAL MOD(number * 7919, 86400) SECOND
    ) AS received_at
  FROM UNNEST(GENERATE_ARRAY(1, ${events})) AS number
)
"""
"""Each fill has other people, so that the number of people doubles as well."""


class Dashboard(msgspec.Struct, frozen=True):
    """The measurements of the dashboard at one number of events.

    Attributes:
        events: the rows in the table of events.
        rollup_rows: the rows of all rollups that the dashboard's queries read.
        refresh_seconds: how long a refresh of all days took.
        endpoint_p50_ms: the median time of answers of ``/data`` over six months, in milliseconds.
        endpoint_max_ms: the longest time of these answers, in milliseconds.
        page_ms: the time of the first answer of the page after that, in milliseconds.
    """

    events: int
    rollup_rows: int
    refresh_seconds: float
    endpoint_p50_ms: float
    endpoint_max_ms: float
    page_ms: float

    @property
    def holds(self) -> bool:
        """Whether the bar is met."""
        return self.endpoint_max_ms < ENDPOINT_MS


def measure(port_base: int, folder: Path) -> list[Dashboard]:
    """Run an embedded cell, fill its table of events, measure, fill it again and measure again.

    Args:
        port_base: the first of the cell's ports.
        folder: the folder for the file by which other commands find the cell.
    """
    return asyncio.run(_measure(port_base, folder))


async def _measure(port_base: int, folder: Path) -> list[Dashboard]:
    today = datetime.now(UTC).date()
    async with running(port_base, None, folder / "cell.json") as (cell, _):
        measured = []
        for number in range(1, DOUBLINGS + 1):
            filling = fill(cell, f"fill{number}", today.isoformat())
            await asyncio.to_thread(query.rows, cell, filling)
            began = time.monotonic()
            await demonstration.refresh(cell, today - timedelta(days=DAYS))
            took = time.monotonic() - began
            measured.append(await asyncio.to_thread(_ask, cell, number * EVENTS, took))
        return measured


def fill(cell: Cell, name: str, today: str) -> str:
    """Return the statement that adds events to the table of events.

    Args:
        cell: the cell with the table.
        name: the name of the fill; the user keys of its people begin with it.
        today: the current UTC day, ISO 8601.
    """
    given = {"store": _store(cell), "fill": name, "today": today}
    return render(FILL, given | {"days": str(DAYS), "events": str(EVENTS)})


def tables_read(store: str) -> set[str]:
    """Return the tables that the dashboard's queries read."""
    texts = [file.read_text("utf-8") for file in sorted(SQL.glob("dashboard/*.sql"))]
    parsed = [sqlglot.parse_one(render(text, {"store": store}), read="bigquery") for text in texts]
    # A table of the store has a dataset; the subqueries of a query have none.
    return {table.name for query_ in parsed for table in query_.find_all(exp.Table) if table.db}


def _store(cell: Cell) -> str:
    return f"{PROJECT}.{cell.store_dataset}"


def _ask(cell: Cell, events: int, refresh_seconds: float) -> Dashboard:
    store = _store(cell)
    counts = [
        query.rows(cell, f"SELECT COUNT(*) AS number FROM `{store}.{table}`")[0]["number"]
        for table in sorted(tables_read(store) - {LOG})
    ]
    base = cell.url("dashboard_proxy")
    with httpx.Client(base_url=base, timeout=SECONDS, trust_env=False) as client:
        parameters = {"project": "dev", "window": Window.MONTHS_6}
        times = [_milliseconds(client, "/data", parameters) for _ in range(REQUESTS)]
        page = _milliseconds(client, "/", parameters)
    return Dashboard(events, sum(counts), refresh_seconds, median(times), max(times), page)


def _milliseconds(client: httpx.Client, path: str, parameters: dict[str, str]) -> float:
    began = time.monotonic()
    client.get(path, params=parameters).raise_for_status()
    return (time.monotonic() - began) * 1_000
