"""Refreshes the rollups, which the dashboard and BI views read.

A refresh replaces whole days, so runs can be repeated and can overlap without harm. A run without
dates finds the days to refresh: the open window, earlier days that were not counted, and days to
which a replay added events. So the next run continues where an interrupted run stopped.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from functions.operate.settle import SettleStatements
from functions.warehouse.days import DAY, midnight
from functions.warehouse.rollups import ROLLUPS, Stretch
from functions.warehouse.schema import OPEN_WINDOW_DAYS
from functions.warehouse.statements import StatementFailed

STRETCH_DAYS = 60
"""The maximum number of days that one statement replaces; for each day, it reads 6 months."""


@dataclass(slots=True)
class RefreshReport:
    """The result of a run.

    Attributes:
        days: the UTC days that were refreshed.
        rows: the number of rows that were deleted from or inserted into the rollups.
        remaining: the stretches of days that were not refreshed.
        failed: the statement whose failure ended the run; empty if none failed.
    """

    days: list[str] = field(default_factory=list)
    rows: int = 0
    remaining: list[Stretch] = field(default_factory=list)
    failed: str = ""


class Refresh:
    """Refreshes the rollups.

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
        statements: SettleStatements,
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
        """Refresh days, the newest first.

        Args:
            first: the first UTC day; by default, the first day of the open window.
            last: the last UTC day; by default, today. If neither is given, earlier days that are
                not up to date are refreshed too.
        """
        ends_at = self._clock() + self._seconds
        report = RefreshReport()
        try:
            report.remaining = await self._find(first, last)
        except StatementFailed as failure:
            report.failed = failure.statement
            return report
        while report.remaining:
            try:
                done = await self._replace(report.remaining[0], report, ends_at)
            except StatementFailed as failure:
                report.failed = failure.statement
                return report
            if not done:
                return report
            stretch = report.remaining.pop(0)
            report.days += [day.isoformat() for day in reversed(_days(stretch.first, stretch.last))]
        return report

    async def _find(self, first: date | None, last: date | None) -> list[Stretch]:
        today = self._now().astimezone(UTC).date()
        open_from = today - OPEN_WINDOW_DAYS * DAY
        oldest = today - self._retention + DAY
        uncounted = await self._statements.days(
            "find_uncounted_days", first=midnight(oldest), end=midnight(open_from)
        )
        thawed = {found.date() for found in uncounted} | set(_days(open_from, today))
        wanted = set(_days(max(first or open_from, oldest), min(last or today, today)))
        if first is None and last is None:
            late = await self._statements.days(
                "find_days_with_late_events", end=midnight(open_from), since=midnight(open_from)
            )
            wanted = thawed | {day for found in late if (day := found.date()) >= oldest}
        return stretches(wanted, thawed)

    async def _replace(self, stretch: Stretch, report: RefreshReport, ends_at: float) -> bool:
        """Replace a stretch; return False if there was not enough time."""
        moments = stretch.moments()
        bounds = {name: moments[name] for name in ("first", "end")}
        twice = True
        while twice:
            for name, parameters in ROLLUPS.items():
                if self._clock() >= ends_at:
                    return False
                needed = {parameter: moments[parameter] for parameter in parameters}
                report.rows += await self._statements.change(name, **needed)
            weeks = {name: moments[name] for name in ("first_week", "end_week")}
            twice = bool(
                await self._statements.days("find_days_with_double_rollups", **bounds, **weeks)
            )
        await self._statements.change("record_refresh", **bounds, refreshed_at=self._now())
        return True


def stretches(wanted: Iterable[date], thawed: set[date]) -> list[Stretch]:
    """Group days into stretches that can be refreshed together, the newest first.

    Args:
        wanted: the days to refresh.
        thawed: the days for which counts of people are not final yet.
    """
    result: list[Stretch] = []
    for day in sorted(wanted, reverse=True):
        frozen = day not in thawed
        if (
            result
            and result[-1].first - DAY == day
            and result[-1].frozen == frozen
            and (result[-1].last - day).days < STRETCH_DAYS
        ):
            result[-1] = result[-1]._replace(first=day)
        else:
            result.append(Stretch(day, day, frozen))
    return result


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
