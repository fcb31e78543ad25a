"""Measures jobs and pages as the store grows.

The jobs are those of the model of costs, which run the code of the functions. Here, statements
run in the BigQuery stand-in. The model counts how many rows BigQuery would read for them, because
the stand-in does not say how many it reads.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from costs import jobs as of_costs
from costs.jobs import PERSON, Run
from costs.recording import Call, Recording
from costs.scans import Read
from costs.statements import reads_of_statement
from costs.volume import partition_column
from functions.dashboard.report import Window
from functions.warehouse.days import midnight
from functions.warehouse.parameters import Parameter
from functions.warehouse.schema import RETENTION_DAYS, Warehouse, list_tables
from functions.warehouse.statements import Statements
from local import query
from local.cell import PROJECT, Cell
from local.clients import warehouse
from local.up import running
from tests.bench import filling

MILLION = 1_000_000
GROWTH = 1.05
"""The bar: with the most events, a job for a day and a page read at most so many times as many rows
as with the fewest."""

LATE = "sweep, one late day"
"""Before this job, a row comes late."""

FLAT = (
    "refresh each night",
    "press of Refresh",
    "sweep, nothing late",
    LATE,
    "refresh, one late day",
    "page of 90 days",
    "page of 6 months",
)
"""The jobs for a day, and the pages."""

STATEMENT_SECONDS = 3_600.0

SEQUENCE: tuple[tuple[str, Run], ...] = (
    ("first refresh", of_costs.refresh),
    ("settle", of_costs.settle),
    (
        "preview of an erasure",
        partial(of_costs.ask, "POST", "/erasures", PERSON | {"dry_run": True}),
    ),
    (
        "immediate erasure",
        partial(of_costs.ask, "POST", "/erasures", PERSON | {"mode": "immediate"}),
    ),
    ("full sweep", of_costs.sweep),
    ("refresh each night", of_costs.refresh),
    ("press of Refresh", of_costs.refresh_and_show),
    ("sweep, nothing late", of_costs.sweep),
    (LATE, of_costs.sweep),
    ("refresh, one late day", of_costs.refresh),
    ("page of 90 days", partial(of_costs.show_page, Window.DAYS_90)),
    ("page of 6 months", partial(of_costs.show_page, Window.MONTHS_6)),
    ("export", of_costs.export),
    ("look-up", of_costs.look_up),
    ("retention check", of_costs.check_retention),
    ("missed deletions", partial(of_costs.ask, "POST", "/unfiled", {})),
)
"""The jobs, in an order in which each finds what its name says."""


class ScaledJob(msgspec.Struct, frozen=True):
    """A job at one size of the store.

    Attributes:
        name: the name of the job.
        seconds: how long it took in the stand-in.
        statements: how many statements it ran.
        rows: how many rows BigQuery would read for it.
        slowest: the statement that took longest in the stand-in, with its seconds.
    """

    name: str
    seconds: float
    statements: int
    rows: int
    slowest: tuple[str, float]


class Scale(msgspec.Struct, frozen=True):
    """All jobs at one size of the store.

    Attributes:
        events: the rows of ``events_v1``.
        fill_seconds: how long it took to store them.
        jobs: the jobs, in their order.
    """

    events: int
    fill_seconds: float
    jobs: list[ScaledJob]

    def rows(self) -> dict[str, int]:
        """Return the rows that each job reads."""
        return {job.name: job.rows for job in self.jobs}


class Partitions:
    """The rows of each table, by day.

    Args:
        rows: for each table the rows of each day; the key is None in a table without partitions.
    """

    def __init__(self, rows: Mapping[str, Counter[date | None]]) -> None:
        self._rows = rows

    def rows(self, read: Read) -> int:
        """Return how many rows a scan reads at most: all rows of the days within its bounds."""
        by_day = self._rows[read.table]
        column = partition_column(read.table)
        bounds = [bound for name, bound in read.bounds if name == column]
        firsts = [midnight(bound.first.date()) for bound in bounds if bound.first]
        ends = [bound.end for bound in bounds if bound.end]
        days = [
            rows
            for day, rows in by_day.items()
            if day is None
            or (all(midnight(day) >= first for first in firsts)
                and all(midnight(day) < end for end in ends))
        ]  # fmt: skip
        most = min([len(days), *(bound.days for bound in bounds if bound.days is not None)])
        return sum(sorted(days, reverse=True)[:most])


class Live(Recording):
    """Runs the statements of a job in a cell's stand-in, and records them.

    Args:
        cell: the embedded cell.

    Attributes:
        took: the seconds of each statement.
    """

    def __init__(self, cell: Cell) -> None:
        super().__init__({})
        self.took: list[float] = []
        self._cell = cell
        self._folders: dict[str, Statements] = {}

    def run(self, job: Coroutine[Any, Any, Any]) -> list[Call]:
        """Run a job to its end, and return its statements."""
        asyncio.run(self._await(job))
        return self.calls

    async def take(self, folder: str, name: str, parameters: Mapping[str, Parameter]) -> Any:
        """Run a query; return its rows."""
        return await self._timed(
            self._of(folder).rows(name, **parameters), folder, name, parameters
        )

    async def days(self, folder: str, name: str, parameters: Mapping[str, Parameter]) -> Any:
        """Run a query; return its days."""
        return await self._timed(
            self._of(folder).days(name, **parameters), folder, name, parameters
        )

    async def change(self, folder: str, name: str, parameters: Mapping[str, Parameter]) -> int:
        """Run a statement that changes rows; return how many it changed."""
        changed: int = await self._timed(
            self._of(folder).change(name, **parameters), folder, name, parameters
        )
        return changed

    async def _await(self, job: Coroutine[Any, Any, Any]) -> None:
        await job

    async def _timed(
        self,
        statement: Coroutine[Any, Any, Any],
        folder: str,
        name: str,
        parameters: Mapping[str, Parameter],
    ) -> Any:
        began = time.monotonic()
        result = await statement
        self.calls.append(Call(folder, name, parameters, len(self.calls) + 1))
        self.took.append(time.monotonic() - began)
        return result

    def _of(self, folder: str) -> Statements:
        if folder not in self._folders:
            self._folders[folder] = Statements(
                folder,
                partial(warehouse, self._cell),
                _warehouse(self._cell).variables(),
                seconds=STATEMENT_SECONDS,
            )
        return self._folders[folder]


def measure(
    port_base: int, sizes: Sequence[int], folder: Path, progress: Callable[[str], None]
) -> list[Scale]:
    """Run an embedded cell for each size, fill its store, and run all jobs.

    Args:
        port_base: of the cell's ports.
        sizes: the numbers of events.
        folder: for the note by which a cell is found.
        progress: told each job before it runs.
    """
    return [asyncio.run(_measure(port_base, events, folder, progress)) for events in sizes]


async def _measure(
    port_base: int, events: int, folder: Path, progress: Callable[[str], None]
) -> Scale:
    async with running(port_base, None, folder / "cell.json") as (cell, _):
        return await asyncio.to_thread(_all_jobs, cell, events, progress)


def _all_jobs(cell: Cell, events: int, progress: Callable[[str], None]) -> Scale:
    progress(f"{events:,} events")
    began = time.monotonic()
    filling.fill(cell, events, datetime.now(UTC))
    filled = time.monotonic() - began
    measured = []
    for name, run in SEQUENCE:
        progress(name)
        measured.append(_one_job(cell, name, run))
    return Scale(events, filled, measured)


def _one_job(cell: Cell, name: str, run: Run) -> ScaledJob:
    now = datetime.now(UTC)
    if name == LATE:
        filling.add_late_row(cell, now)
    live = Live(cell)
    began = time.monotonic()
    calls = live.run(run(live, now, RETENTION_DAYS))
    took = time.monotonic() - began
    slowest = max(zip(live.took, calls, strict=True), key=lambda each: each[0])
    return ScaledJob(
        name, took, len(calls), rows_read(calls, now, partitions(cell)),
        (f"{slowest[1].folder}/{slowest[1].name}", slowest[0]),
    )  # fmt: skip


def rows_read(calls: Sequence[Call], now: datetime, stored: Partitions) -> int:
    """Return how many rows BigQuery reads at most for some statements.

    Args:
        calls: the statements.
        now: when they ran (UTC).
        stored: the rows of all tables.
    """
    return sum(
        stored.rows(read)
        for call in calls
        for read in reads_of_statement(
            f"{call.folder}/{call.name}", now, call.parameters, RETENTION_DAYS
        ).reads
    )


def partitions(cell: Cell) -> Partitions:
    """Count the rows of a cell's tables."""
    store = _warehouse(cell).store
    found: dict[str, Counter[date | None]] = {}
    for table in list_tables():
        day = f"DATE({table.partition_by})" if table.partition_by else "CAST(NULL AS DATE)"
        sql = f"SELECT {day} AS day, COUNT(*) AS number FROM `{store}.{table.name}` GROUP BY 1"
        found[table.name] = Counter({row["day"]: row["number"] for row in query.rows(cell, sql)})
    return Partitions(found)


def _warehouse(cell: Cell) -> Warehouse:
    return Warehouse(f"{PROJECT}.{cell.store_dataset}", f"{PROJECT}.{cell.bi_dataset}")


def is_flat(scales: Sequence[Scale], name: str) -> bool:
    """Return whether a job reads no more rows with the most events than with the fewest."""
    rows = [scale.rows()[name] for scale in sorted(scales, key=lambda scale: scale.events)]
    return rows[-1] <= GROWTH * rows[0]
