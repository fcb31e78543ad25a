"""Refreshes active days and the rollups, which the dashboard and BI views read.

A refresh replaces whole days, so runs can be repeated and can overlap without harm. A run without
dates finds the days to refresh: the open window, earlier days that were not counted, and days to
which a replay added events. So the next run continues where an interrupted run stopped.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple

from functions.warehouse.days import DAY
from functions.warehouse.rollups import (
    ACTIVE_DAYS,
    COUNTS,
    RollupStatements,
    Stretch,
    days_between,
    find_news,
    replace,
    stretches,
)
from functions.warehouse.schema import OPEN_WINDOW_DAYS
from functions.warehouse.statements import StatementFailed


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
        now: returns the current time, with a time zone.
        clock: returns monotonic seconds.
        seconds: the seconds after which no more statements are started.
        retention_days: the number of days for which events are kept; older days cannot be counted
            again.
    """

    def __init__(
        self,
        statements: RollupStatements,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        seconds: float,
        retention_days: int,
    ) -> None:
        self._statements = statements
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
                await self._record(stretch, began_at)
                report.remaining.remove(stretch)
                days = days_between(stretch.first, stretch.last)
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
        news = await find_news(self._statements, today, oldest)
        thawed = news.uncounted | frozenset(days_between(open_from, today))
        changed = thawed | news.late
        wanted = changed
        if first is not None or last is not None:
            named = days_between(max(first or open_from, oldest), min(last or today, today))
            wanted = frozenset(named)
        return Plan(stretches(changed | wanted), stretches(wanted, thawed))

    async def _is_doubled(self, stretch: Stretch) -> bool:
        """Return whether two runs inserted rows for the same days at once."""
        moments = stretch.moments()
        names = ("first", "end", "first_week", "end_week")
        bounds = {name: moments[name] for name in names}
        return bool(await self._statements.days("find_days_with_double_rollups", **bounds))

    async def _record(self, stretch: Stretch, began_at: datetime) -> None:
        moments = stretch.moments()
        await self._statements.change(
            "record_refresh", first=moments["first"], end=moments["end"], refreshed_at=began_at
        )
