"""What `make run` does with a fresh cell: fills it, shows the numbers, tells how to go on."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from rich.console import Console

from local import query, report, simulate
from local.cell import Cell

USERS = 150
DAYS = 30
SEED = 1
STORED_WITHIN_SECONDS = 60
REFRESHED_WITHIN_SECONDS = 300
COUNT = "SELECT COUNT(*) AS events FROM events"


async def show(cell: Cell, events: int, console: Console) -> None:
    """Simulate traffic, wait until all of it is in BigQuery, refresh, print what it says.

    Raises:
        TimeoutError: not all of it arrived within a minute.
        httpx.HTTPError: the rollups could not be refreshed.
    """
    console.print(f"The cell is up: {cell.url('receive')}")
    before = await _stored(cell)
    now = datetime.now(UTC)
    plan = simulate.plan(events=events, users=USERS, days=DAYS, seed=SEED, now=now)
    _, summary = await simulate.run(cell, plan, rate=None, console=console)
    console.print(f"Simulated {DAYS} days: {summary}")
    async with asyncio.timeout(STORED_WITHIN_SECONDS):
        while await _stored(cell) < before + summary.accepted:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    await refresh(cell, now.date() - timedelta(days=DAYS - 1))
    await asyncio.to_thread(report.show, cell, console)
    console.print(report.how_to_go_on(cell), highlight=False, soft_wrap=True)
    console.print("The cell stays up; Ctrl-C stops it.")


async def refresh(cell: Cell, first: date) -> dict[str, Any]:
    """Bring the rollups up to date from a day on, as the scheduler does; return the report.

    Raises:
        httpx.HTTPError: `operate` does not answer, or could not finish.
    """
    async with httpx.AsyncClient(timeout=REFRESHED_WITHIN_SECONDS, trust_env=False) as client:
        answer = await client.post(
            f"{cell.url('operate')}/refresh", json={"from": first.isoformat()}
        )
    report: dict[str, Any] = answer.raise_for_status().json()
    return report


async def _stored(cell: Cell) -> int:
    counted = await asyncio.to_thread(query.rows, cell, COUNT)
    return int(counted[0]["events"])
