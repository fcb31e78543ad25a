"""The demonstration of `make run`: fills a cell, shows the numbers, and says how to go on."""

import asyncio
import secrets
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from rich.console import Console

from local import query, report, simulate
from local.behaviour import COMES_BACK
from local.cell import Cell

USERS = 150
DAYS = 30
SEED = 1
ARRIVED_WITHIN_SECONDS = 60
REFRESHED_WITHIN_SECONDS = 300
ARRIVED = """
SELECT
  (SELECT COUNT(*) FROM events) AS events,
  COUNTIF(status = 'restoration') AS returns,
  COUNTIF(status = 'hidden' AND source = 'stream') AS hidden
FROM {store}.erasures_v1
"""
"""Counts the events, the filed returns and the hidden people in BigQuery.

A person who deletes a profile and restores it stays hidden until both are filed.
"""


async def show(cell: Cell, events: int, console: Console) -> None:
    """Simulate traffic, wait until all of it is in BigQuery, refresh, and print the numbers.

    Raises:
        TimeoutError: not all traffic arrived within a minute.
        httpx.HTTPError: the rollups could not be refreshed.
    """
    console.print(f"The cell is up: {cell.url('receive')}")
    before = await _arrived(cell)
    now = datetime.now(UTC)
    # A cell with data may have the traffic of SEED already; then its views would show each event
    # only once, and the wait below would never end.
    seed = secrets.randbelow(simulate.SEEDS) if before["events"] else SEED
    plan = simulate.plan(events=events, users=USERS, days=DAYS, seed=seed, now=now)
    record, summary = await simulate.run(cell, plan, rate=None, console=console)
    console.print(f"Simulated {DAYS} days: {summary}")
    expected = before["events"] + summary.accepted, before["returns"] + returns(record)
    async with asyncio.timeout(ARRIVED_WITHIN_SECONDS):
        while not is_complete(await _arrived(cell), *expected):  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.1)
    await refresh(cell, now.date() - timedelta(days=DAYS - 1))
    await asyncio.to_thread(report.show, cell, console)
    console.print(report.how_to_go_on(cell), highlight=False, soft_wrap=True)
    console.print("The cell stays up; Ctrl-C stops it.")


async def refresh(cell: Cell, first: date) -> dict[str, Any]:
    """Call `/refresh` for the days from `first` on, as the scheduler does; return the report.

    Raises:
        httpx.HTTPError: `operate` does not answer, or could not finish.
    """
    async with httpx.AsyncClient(timeout=REFRESHED_WITHIN_SECONDS, trust_env=False) as client:
        answer = await client.post(
            f"{cell.url('operate')}/refresh", json={"from": first.isoformat()}
        )
    report: dict[str, Any] = answer.raise_for_status().json()
    return report


def returns(record: Iterable[simulate.Sent]) -> int:
    """Count the webhooks of people who restore their profile."""
    return sum(sent.webhook.body["event"] == COMES_BACK for sent in record)


def is_complete(arrived: dict[str, int], events: int, returns: int) -> bool:
    """Say whether all of these events and returns have arrived, and no person is hidden."""
    return arrived["events"] >= events and arrived["returns"] >= returns and not arrived["hidden"]


async def _arrived(cell: Cell) -> dict[str, int]:
    sql = ARRIVED.format(store=cell.store_dataset)
    [row] = await asyncio.to_thread(query.rows, cell, sql)
    return row
