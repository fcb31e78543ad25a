"""Refreshes active days and the rollups, which the dashboard and BI views read.

A refresh replaces whole days, so runs can be repeated and can overlap without harm. A run without
dates finds the days to refresh: the open window, earlier days that were not counted, and earlier
days that were noted because events came late. So the next run continues where an interrupted run
stopped.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple

from functions.warehouse.days import DAY, each_day
from functions.warehouse.ledger import Ledger
from functions.warehouse.rollups import (
    ACTIVE_DAYS,
    COUNTS,
    Stretch,
    find_changed_days,
    replace,
    stretches,
)
from functions.warehouse.schema import OPEN_WINDOW_DAYS
from functions.warehouse.statements import StatementFailed, Statements


@dataclass(slots=True)
class RefreshReport:
    """The result of a run.

    Attributes:
        days: the UTC days that were refreshed.
        rows: the number of rows that were deleted from or inserted into active days and rollups.
        remaining: the stretches of days that were not refreshed.
        failed: the statement whose failure ended the run; empty if none failed.
    """

    days: list[str] = field(default_factory=list)
    rows: int = 0
    remaining: list[Stretch] = field(default_factory=list)
    failed: str = ""


class Plan(NamedTuple):
    """What a run has to refresh, the oldest days first.

    Attributes:
        active: the days whose active days are made again: those of `wanted`, and all days whose
            events may have changed. Numbers of different people look back over many days.
        wanted: the days whose rollups are refreshed.
    """

    active: list[Stretch]
    wanted: list[Stretch]


class _OutOfTime(Exception):
    """There is no time for another statement."""


class Refresh:
    """Refreshes active days and the rollups.

    Args:
        statements: runs the statements.
        ledger: has the noted days, and records the refreshed stretches.
        now: returns the current time, with a time zone.
        clock: returns monotonic seconds.
        seconds: the seconds after which no more statements are started.
        retention_days: the number of days for which events are kept; older days cannot be counted
            again.
    """

    def __init__(
        self,
        statements: Statements,
        ledger: Ledger,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        seconds: float,
        retention_days: int,
    ) -> None:
        self._statements = statements
        self._ledger = ledger
        self._now = now
        self._clock = clock
        self._seconds = seconds
        self._retention = retention_days * DAY

    async def run(self, first: date | None = None, last: date | None = None) -> RefreshReport:
        """Refresh days, the oldest first.

        Args:
            first: the first UTC day; by default, the first day of the open window.
            last: the last UTC day; by default, today. If neither is given, earlier days that are
                not up to date are refreshed too.
        """
        ends_at = self._clock() + self._seconds
        began_at = self._now()
        report = RefreshReport()

        async def take(names: dict[str, tuple[str, ...]], stretch: Stretch) -> None:
            if self._clock() >= ends_at:
                raise _OutOfTime
            report.rows += await replace(self._statements, names, stretch)

        try:
            plan = await self._plan(first, last)
            report.remaining = list(plan.wanted)
            for stretch in plan.active:
                await take(ACTIVE_DAYS, stretch)
            for stretch in plan.wanted:
                await take(COUNTS, stretch)
                while await self._is_doubled(stretch):
                    await take(ACTIVE_DAYS, stretch)
                    await take(COUNTS, stretch)
                await self._ledger.record(
                    "refresh", began_at, self._now(), stretch.first, stretch.last
                )
                report.remaining.remove(stretch)
                days = each_day(stretch.first, stretch.last)
                report.days += [day.isoformat() for day in days]
        except StatementFailed as failure:
            report.failed = failure.statement
        except _OutOfTime:
            pass
        return report

    async def _plan(self, first: date | None, last: date | None) -> Plan:
        today = self._now().astimezone(UTC).date()
        open_from = today - OPEN_WINDOW_DAYS * DAY
        oldest = today - self._retention + DAY
        days = await find_changed_days(self._statements, self._ledger, self._now(), oldest)
        thawed = days.uncounted | frozenset(each_day(open_from, today))
        changed = thawed | days.late
        wanted = changed
        if first is not None or last is not None:
            named = each_day(max(first or open_from, oldest), min(last or today, today))
            wanted = frozenset(named)
        return Plan(stretches(changed | wanted), stretches(wanted, thawed))

    async def _is_doubled(self, stretch: Stretch) -> bool:
        """Return whether two runs inserted rows for the same days at once."""
        moments = stretch.moments()
        names = ("first", "end", "first_week", "end_week")
        bounds = {name: moments[name] for name in names}
        return bool(await self._statements.days("find_days_with_double_rollups", **bounds))
