"""Settles the store: keeps one row for each event and each person; clears old ``extra`` values.

A run looks only at days to which rows may have come since the last finished run began: the days
since then, and the noted days. A run first finds the days that need a change. Each change can be
repeated without harm, so runs may overlap, and the next run continues where an interrupted run
stopped. If there are no new rows, a run changes nothing.
"""

from collections.abc import Callable, Collection
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple

from functions.warehouse.days import DAY, each_day, midnight, ranges
from functions.warehouse.late_days import on_time_from
from functions.warehouse.ledger import Ledger, News
from functions.warehouse.schema import EXTRA_DAYS, OPEN_WINDOW_DAYS
from functions.warehouse.statements import StatementFailed, Statements

DELETE_COPIES = ("delete_copies", "delete_room_copies")
CLEAR_EXTRA = ("clear_extra", "clear_room_extra")
"""`DELETE_COPIES` and `CLEAR_EXTRA` have one statement for each of the two tables of events. Each
statement changes one day."""


@dataclass(slots=True)
class SettleReport:
    """The result of settling.

    Attributes:
        days: the UTC days on which copies were deleted. The next refresh counts these days again.
        copies: the number of deleted copies of events.
        identities: the number of rows that were deleted from or inserted into ``identities_v1``.
        emptied: the number of rows in which ``extra`` was cleared.
        remaining: the number of statements that failed or were not started.
        failed: the name of the statement whose failure ended the run; empty if none failed.
    """

    days: list[str] = field(default_factory=list)
    copies: int = 0
    identities: int = 0
    emptied: int = 0
    remaining: int = 0
    failed: str = ""


class SettleScope(NamedTuple):
    """The days (UTC) that a run looks at.

    Attributes:
        late: the days that were noted as late since the last finished run, and the days that the
            request names.
        since: the first day to which rows may have come on time since the last finished run. If no
            run has finished, this is the day before the open window.
        extra_since: the first day whose ``extra`` values have become too old since the last
            finished run. If no run has finished, this is the oldest day that may have events.
    """

    late: frozenset[date]
    since: date
    extra_since: date

    def days_with_copies(self, today: date) -> set[date]:
        """Return the days (UTC) that may have a second or later copy of an event.

        If a row came late, other copies of its event may be stored on later days. So the result
        includes the days after a late row's day, as many days as the open window has.
        """
        past = [day for day in self.late if day <= today]
        after = {day + number * DAY for day in past for number in range(OPEN_WINDOW_DAYS + 1)}
        return {day for day in {*each_day(self.since, today), *after} if day <= today}

    def days_with_extra(self, today: date) -> set[date]:
        """Return the days (UTC) whose ``extra`` values may be too old to be kept."""
        old = today - EXTRA_DAYS * DAY
        return {
            *each_day(self.extra_since, old - DAY),
            *(day for day in self.late if day < old),
        }


@dataclass(frozen=True, slots=True)
class Settle:
    """Settles the store.

    Args:
        statements: runs the statements.
        ledger: says when the last run began, and which days are noted; records finished runs.
        now: returns the current time, with a time zone.
        clock: returns monotonic seconds.
        seconds: the seconds after which no more statements are started.
        retention_days: the number of days for which events are kept.
    """

    statements: Statements
    ledger: Ledger
    _: KW_ONLY
    now: Callable[[], datetime]
    clock: Callable[[], float]
    seconds: float
    retention_days: int

    async def run(self, days: Collection[date] = ()) -> SettleReport:
        """Settle the days to which rows came since the last finished run.

        Args:
            days: further UTC days to settle, even if no rows came to them.
        """
        ends_at = self.clock() + self.seconds
        started_at = self.now().astimezone(UTC)
        today = started_at.date()
        report = SettleReport()
        try:
            news = await self.ledger.news(started_at)
            scope = self._scope(news, days, today)
            steps = await self._steps(scope, today)
            await self._note_changes(steps, started_at)
        except StatementFailed as failure:
            report.remaining, report.failed = 1, failure.statement
            return report
        for number, (name, day) in enumerate(steps):
            report.remaining = len(steps) - number
            if self.clock() >= ends_at:
                return report
            try:
                await self._take(name, day, report)
            except StatementFailed:
                report.failed = name
                return report
        try:
            await self.ledger.record("settle", started_at, self.now(), scope.since, today)
        except StatementFailed as failure:
            report.failed = failure.statement
            return report
        report.remaining = 0
        return report

    def _scope(self, news: News, days: Collection[date], today: date) -> SettleScope:
        ran_at = news.runs.get("settle")
        late = frozenset({*days, *news.late_days(ran_at)})
        if ran_at is None:
            oldest = today - (self.retention_days + 1) * DAY
            return SettleScope(late, today - (OPEN_WINDOW_DAYS + 1) * DAY, oldest)
        since = min(on_time_from(ran_at), today)
        return SettleScope(late, since, since - EXTRA_DAYS * DAY)

    async def _steps(self, scope: SettleScope, today: date) -> list[tuple[str, datetime]]:
        """Return the names of the statements to run, each with the day that it changes."""
        steps = []
        for first, end in reversed(ranges(scope.days_with_copies(today))):
            copies = await self.statements.days("find_days_with_copies", first=first, end=end)
            steps += [(name, day) for day in copies for name in DELETE_COPIES]
        steps.append(("merge_identities", midnight(today)))
        for first, end in reversed(ranges(scope.days_with_extra(today))):
            old = await self.statements.days("find_days_with_extra", first=first, end=end)
            steps += [(name, day) for day in old for name in CLEAR_EXTRA]
        return steps

    async def _note_changes(self, steps: list[tuple[str, datetime]], now: datetime) -> None:
        """Note the days on which copies are deleted, so that a refresh counts these days again.

        In the open window, views show only the first copy of each event. But the first copy may
        come late, to an earlier day. By then, a refresh may have counted a later copy, on the day
        of that copy.
        """
        days = {day.date() for name, day in steps if name in DELETE_COPIES}
        await self.ledger.note(days, "changed", now)

    async def _take(self, name: str, day: datetime, report: SettleReport) -> None:
        changed = await self.statements.change(name, day=day)
        match name:
            case "merge_identities":
                report.identities += changed
            case _ if name in CLEAR_EXTRA:
                report.emptied += changed
            case _:
                report.copies += changed
                if day.date().isoformat() not in report.days:
                    report.days.append(day.date().isoformat())
