"""Refreshes active days and the rollups, which the dashboard and BI views read.

A refresh replaces whole days, so runs can be repeated and can overlap without harm. A run reads the
chat events of days that may have changed: today, yesterday (while its events may still come on
time), noted days, and days that have left the open window since their last refresh. Each run also
counts the different people over many days again, for the whole open window; these counts are made
from active days. A run records each stretch of days that is done, so the next run continues where
an interrupted run stopped.
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
    """The result of a refresh.

    Attributes:
        days: the UTC days that were refreshed.
        rows: the number of rows that were deleted from or inserted into active days and rollups.
        remaining: the stretches of days that were not refreshed.
        failed: the name of the statement whose failure ended the run; empty if none failed.
    """

    days: list[str] = field(default_factory=list)
    rows: int = 0
    remaining: list[Stretch] = field(default_factory=list)
    failed: str = ""

    def finish(self, parts: Iterable[Stretch]) -> None:
        """Record that stretches are refreshed: move them from `remaining` to `days`."""
        for part in parts:
            self.remaining.remove(part)
            self.days += [day.isoformat() for day in part.days()]


class Span(NamedTuple):
    """Consecutive days that each statement of `OVER_DAYS` replaces in one run.

    Attributes:
        all: all days of the span.
        parts: the stretches of the span whose events are read again.
    """

    all: Stretch
    parts: list[Stretch]


class Plan(NamedTuple):
    """What a run has to refresh, the oldest days first.

    Attributes:
        active: stretches for which only active days are refreshed, because counts of people on the
            named days need them. If the caller named no days, the list is empty.
        spans: the days for which rollups are refreshed too.
    """

    active: list[Stretch]
    spans: list[Span]


class _OutOfTime(Exception):
    """The time is over, so no more statements are started."""


class Refresh:
    """Refreshes active days and the rollups.

    Args:
        statements: runs the statements.
        ledger: says which days are noted, and records the refreshed stretches.
        now: returns the current time, with a time zone.
        clock: returns monotonic seconds.
        seconds: the seconds after which no more statements are started.
        retention_days: the number of days for which events are kept. Older days are not refreshed,
            because they cannot be counted again.
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
        """Refresh the named days or, if none are named, all days that are not up to date.

        Args:
            first: the first day (UTC) to refresh; if only `last` is given, the first day of the
                open window.
            last: the last day (UTC) to refresh; if only `first` is given, today.
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
        """Refresh a span. Repeat this until no day has rows that a concurrent run also inserted."""
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
        """Return the days of a stretch for which two concurrent runs inserted the same rows."""
        moments = stretch.moments()
        names = ("first", "end", "first_week", "end_week")
        bounds = {name: moments[name] for name in names}
        found = await self._statements.days("find_days_with_double_rollups", **bounds)
        return {max(moment.date(), stretch.first) for moment in found}
