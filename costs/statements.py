"""The bytes that BigQuery bills for a statement on demand."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from costs import scans
from costs.bounds import Constants
from costs.scans import Read
from costs.volume import Volume, partition_column, width
from functions.warehouse.days import DAY, midnight
from functions.warehouse.parameters import Parameter, declared
from functions.warehouse.schema import SQL, Warehouse, list_views, render
from googlesql.analyser import Analyser, of_warehouse

LEAST = 10 * 2**20
"""The smallest number of bytes that BigQuery bills for each table in a query, and for each query.
Source: https://cloud.google.com/bigquery/pricing (on-demand compute pricing)."""

WAREHOUSE = Warehouse("cost-model.store", "cost-model.bi")


class Reads(NamedTuple):
    """The scans of one run of a statement.

    Attributes:
        reads: the scans of tables.
        now: when the statement runs (UTC).
        changed_days: in how many partitions the statement changes rows at most; None if it changes
            rows in all partitions that fulfil its conditions.
    """

    reads: Sequence[Read]
    now: datetime
    changed_days: int | None = None

    def bytes(self, volume: Volume) -> float:
        """Return the bytes that BigQuery bills at a volume."""
        by_table: defaultdict[str, float] = defaultdict(float)
        for read in self.reads:
            by_table[read.table] += self._bytes(read, volume)
        return max(LEAST, sum(max(LEAST, number) for number in by_table.values()))

    def _bytes(self, read: Read, volume: Volume) -> float:
        days = days_read(read, volume, self.now)
        of_a_day = width(read.table, read.columns) * days
        if read.rewrites:
            # A change also bills whole rows of the partitions in which it changes rows.
            # Source: https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax
            changed = days if self.changed_days is None else min(days, self.changed_days)
            of_a_day += width(read.table) * changed
        return volume.rows_a_day(read.table) * of_a_day


def days_read(read: Read, volume: Volume, now: datetime) -> int:
    """Return how many partitions of the table fulfil the bounds of a scan."""
    column = partition_column(read.table)
    if column is None:
        return 1
    tomorrow = midnight(now.date()) + DAY
    bounds = [bound for name, bound in read.bounds if name == column]
    first = max([tomorrow - volume.days(read.table) * DAY, *(b.first for b in bounds if b.first)])
    end = min([tomorrow, *(bound.end for bound in bounds if bound.end)])
    days = max(0, math.ceil((end - midnight(first.date())) / DAY))
    return min([days, *(bound.days for bound in bounds if bound.days is not None)])


def analyser() -> Analyser:
    """Return the analyser, which knows all tables and views."""
    return of_warehouse(WAREHOUSE)


def reads_of_statement(
    place: str,
    now: datetime,
    parameters: Mapping[str, Parameter],
    retention_days: int,
    changed_days: int | None = None,
) -> Reads:
    """Return the scans of one run of a statement in ``sql/``.

    Args:
        place: the folder and the name of the file without its ending, such as
            ``operate/delete_copies``.
        now: when it runs (UTC).
        parameters: the values that are bound. A condition with a missing parameter bounds nothing.
        retention_days: for how many days events are kept.
        changed_days: as in `Reads`.
    """
    resolved = _statement(place, retention_days)
    found = scans.reads(resolved, Constants(now, parameters), view_of(retention_days))
    return Reads(found, now, changed_days)


def reads_of_view(
    name: str, first: Mapping[str, datetime], now: datetime, retention_days: int
) -> Reads:
    """Return the scans of ``SELECT *`` of a view.

    Args:
        name: the name of the view.
        first: the smallest value (UTC) that the query asks for in a column, by the column's name.
        now: when it runs (UTC).
        retention_days: for how many days events are kept.
    """
    views = view_of(retention_days)
    return Reads(scans.reads_of_view(views(name), first, Constants(now, {}), views), now)


@cache
def _statement(place: str, retention_days: int) -> Any:
    folder, name = place.split("/")
    text = (SQL / f"{place}.sql").read_text("utf-8")
    sql = render(text, _variables(retention_days))
    return analyser().resolve(sql, declared()[folder][name])[1]


@cache
def view_of(retention_days: int) -> scans.Views:
    """Return a function that returns the resolved query of a view, and None for a table."""
    return _Views(retention_days)


class _Views:
    """Resolves each view once."""

    def __init__(self, retention_days: int) -> None:
        self._variables = _variables(retention_days)
        self._texts = {view.name: view.query for view in list_views()}
        self._resolved: dict[str, Any] = {}

    def __call__(self, name: str) -> Any:
        if name in self._texts and name not in self._resolved:
            self._resolved[name] = analyser().resolve(render(self._texts[name], self._variables))[1]
        return self._resolved.get(name)


def _variables(retention_days: int) -> dict[str, str]:
    return WAREHOUSE._replace(retention_days=retention_days).variables()
