"""Refreshes the rollups: numbers by day without any user, which dashboards and BI views read.

Days are replaced as a whole, so a run can be repeated and runs that meet do no harm. A run without
dates finds by itself what is left to do: the open window, days that left it uncounted, and days to
which a replay brought events. So the next run continues an interrupted one.
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
"""The most days that one statement replaces: it compares each with the 6 months before it."""


@dataclass(slots=True)
class RefreshReport:
    """What a run did.

    Attributes:
        days: UTC days whose rollups are up to date.
        rows: rows of rollups that were deleted or inserted.
        remaining: stretches of days that are left to do.
        failed: the statement that failed, empty for none; the run ended with it.
    """

    days: list[str] = field(default_factory=list)
    rows: int = 0
    remaining: list[Stretch] = field(default_factory=list)
    failed: str = ""


class Refresh:
    """Refreshes the rollups.

    Args:
        statements: runs the statements.
        now: the clock, with an offset.
        clock: seconds, monotonic.
        seconds: after this time no further statement is begun.
        retention_days: days for which events are kept; what is older cannot be counted again.
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
            first: the first UTC day; without it, that of the open window.
            last: the last UTC day; without it, today. Without both, also the days before the open
                window that are not up to date.
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
            "find_uncounted", first=midnight(oldest), end=midnight(open_from)
        )
        thawed = {found.date() for found in uncounted} | set(_days(open_from, today))
        wanted = set(_days(max(first or open_from, oldest), min(last or today, today)))
        if first is None and last is None:
            late = await self._statements.days(
                "find_late", end=midnight(open_from), since=midnight(open_from)
            )
            wanted = thawed | {day for found in late if (day := found.date()) >= oldest}
        return stretches(wanted, thawed)

    async def _replace(self, stretch: Stretch, report: RefreshReport, ends_at: float) -> bool:
        """Replace a stretch; False where the time does not suffice."""
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
            twice = bool(await self._statements.days("find_doubles", **bounds, **weeks))
        await self._statements.change("record_refresh", **bounds, refreshed_at=self._now())
        return True


def stretches(wanted: Iterable[date], thawed: set[date]) -> list[Stretch]:
    """Put days together that can be refreshed together, the newest first.

    Args:
        wanted: the days to refresh.
        thawed: the days whose people may be counted anew.
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
