"""Refreshes active days and the rollups, which the dashboard and BI views read.

A refresh replaces whole days, so runs can be repeated and can overlap without harm. A run reads
events only of the days that may have changed: today, yesterday (while its events may still come on
time), noted days, and days that have left the open window since their last refresh. The numbers of
different people over many days come from active days; they are made again for the whole open
window. A run records the days that are done, so the next run continues where an interrupted run
stopped.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from functions.warehouse.days import DAY, each_day
from functions.warehouse.ledger import Ledger
from functions.warehouse.rollups import (
    ACTIVE_DAYS,
    OF_A_DAY,
    OVER_DAYS,
    Stretch,
    find_days,
    open_days,
    replace,
    stretches,
)
from functions.warehouse.statements import StatementFailed, Statements
from functions.warehouse.together import together

Names = Mapping[str, tuple[str, ...]]
"""Statements, each with the names of its parameters."""


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

    def finish(self, parts: Iterable[Stretch]) -> None:
        """Move stretches from the remaining ones to the refreshed days."""
        for part in parts:
            self.remaining.remove(part)
            self.days += [day.isoformat() for day in part.days()]


class Span(NamedTuple):
    """Consecutive days that one call of each statement of `OVER_DAYS` replaces.

    Attributes:
        all: all days of the span.
        parts: the stretches of the span whose events are read.
    """

    all: Stretch
    parts: list[Stretch]


class Plan(NamedTuple):
    """What a run has to refresh, the oldest days first.

    Attributes:
        active: if the caller named days, the stretches of changed days that the caller did not
            name. Only their active days are made again, because the numbers of different people on
            later days need them.
        spans: all other days to refresh.
    """

    active: list[Stretch]
    spans: list[Span]


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
        """Refresh the days that are not up to date, the oldest first.

        Args:
            first: refresh all days from this UTC day on, even those that are up to date. If only
                `last` is given, the first day is that of the open window.
            last: refresh all days up to this UTC day. If only `first` is given, the last day is
                today.
        """
        ends_at = self._clock() + self._seconds
        began_at = self._now()
        report = RefreshReport()

        async def take(names: Names, stretch: Stretch) -> None:
            if self._clock() >= ends_at:
                raise _OutOfTime
            report.rows += await replace(self._statements, names, stretch)

        try:
            plan = await self._plan(first, last)
            report.remaining = [part for span in plan.spans for part in span.parts]
            for stretch in plan.active:
                await take(ACTIVE_DAYS, stretch)
            for span in plan.spans:
                await self._count(span, take)
                await self._record(span.parts, began_at)
                report.finish(span.parts)
        except StatementFailed as failure:
            report.failed = failure.statement
        except _OutOfTime:
            pass
        return report

    async def _count(self, span: Span, take: Callable[[Names, Stretch], Awaitable[None]]) -> None:
        """Refresh a span; repeat this while the span has rows that two concurrent runs inserted."""
        parts = span.parts
        while True:
            for part in parts:
                await take(OF_A_DAY, part)
            await take(OVER_DAYS, span.all)
            doubled = await self._doubled_days(span.all)
            if not doubled:
                return
            parts = stretches(doubled.union(*(part.days() for part in span.parts)))

    async def _plan(self, first: date | None, last: date | None) -> Plan:
        now = self._now()
        window = open_days(now)
        oldest = window[-1] - self._retention + DAY
        due = find_days(await self._ledger.news(now), now, oldest)
        read, counted = due.changed, due.changed.union(window)
        if first is not None or last is not None:
            named = each_day(max(first or window[0], oldest), min(last or window[-1], window[-1]))
            read = counted = frozenset(named)
        thawed = due.uncounted.union(window)
        spans = [
            Span(span, stretches((day for day in span.days() if day in read), thawed))
            for span in stretches(counted, thawed)
        ]
        return Plan(stretches(due.changed - read), spans)

    async def _record(self, parts: list[Stretch], began_at: datetime) -> None:
        ended_at = self._now()
        await together(
            *(
                self._ledger.record("refresh", began_at, ended_at, part.first, part.last)
                for part in parts
            )
        )

    async def _doubled_days(self, stretch: Stretch) -> set[date]:
        """Return the days of a stretch for which two concurrent runs inserted rows."""
        moments = stretch.moments()
        names = ("first", "end", "first_week", "end_week")
        bounds = {name: moments[name] for name in names}
        found = await self._statements.days("find_days_with_double_rollups", **bounds)
        return {max(moment.date(), stretch.first) for moment in found}
