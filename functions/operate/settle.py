"""Settles the store: keeps one row for each event and each person; clears old ``extra`` values.

Each step finds out what there is to do, and can be repeated. So the next run continues where an
interrupted run stopped, a run after a finished run changes nothing, and runs can overlap without
harm.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, date, datetime
from typing import Protocol

from functions.warehouse.days import DAY, midnight
from functions.warehouse.schema import EXTRA_DAYS, OPEN_WINDOW_DAYS
from functions.warehouse.statements import StatementFailed


class SettleStatements(Protocol):
    """Runs statements, like `functions.warehouse.statements.Statements`."""

    async def days(self, name: str, **moments: datetime) -> list[datetime]:
        """Run a query that returns days."""

    async def change(self, name: str, **moments: datetime) -> int:
        """Run a statement that changes rows; return the number of changed rows."""


@dataclass(slots=True)
class SettleReport:
    """The result of a run.

    Attributes:
        days: the UTC days on which copies were deleted; these days must be refreshed.
        copies: the number of deleted copies of events.
        identities: the number of rows that were deleted from or inserted into ``identities_v1``.
        emptied: the number of rows in which ``extra`` was cleared.
        remaining: the number of statements that failed or were left for lack of time.
        failed: the statement whose failure ended the run; empty if none failed.
    """

    days: list[str] = field(default_factory=list)
    copies: int = 0
    identities: int = 0
    emptied: int = 0
    remaining: int = 0
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Settle:
    """Settles the store.

    Args:
        statements: runs the statements.
        now: returns the current time, with a time zone.
        clock: returns monotonic seconds.
        seconds: the seconds after which no more statements are started.
    """

    statements: SettleStatements
    _: KW_ONLY
    now: Callable[[], datetime]
    clock: Callable[[], float]
    seconds: float

    async def run(self, days: Collection[date] = ()) -> SettleReport:
        """Settle the open window, and days to which a replay added events.

        Args:
            days: the UTC days that a replay reported; only needed for days before the open window.
        """
        ends_at = self.clock() + self.seconds
        today = self.now().astimezone(UTC).date()
        report = SettleReport()
        try:
            steps = await self._steps(days, today)
        except StatementFailed:
            report.remaining, report.failed = 1, "find"
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
        report.remaining = 0
        return report

    async def _steps(self, days: Iterable[date], today: date) -> list[tuple[str, datetime]]:
        """Return the statements to run, each with the day to run it for."""
        open_from = midnight(today) - OPEN_WINDOW_DAYS * DAY
        late = await self.statements.days(
            "find_days_with_late_events", end=open_from, since=open_from
        )
        steps = []
        for first, end in ranges({*days, *(moment.date() for moment in late)}, today):
            copies = await self.statements.days("find_days_with_copies", first=first, end=end)
            steps += [("delete_copies", day) for day in copies]
        steps.append(("merge_identities", midnight(today)))
        old = await self.statements.days(
            "find_days_with_extra", end=midnight(today) - EXTRA_DAYS * DAY
        )
        return steps + [("clear_extra", day) for day in old]

    async def _take(self, name: str, day: datetime, report: SettleReport) -> None:
        changed = await self.statements.change(name, day=day)
        match name:
            case "delete_copies":
                report.copies += changed
                report.days.append(day.date().isoformat())
            case "merge_identities":
                report.identities += changed
            case "clear_extra":
                report.emptied += changed


def ranges(days: Iterable[date], today: date) -> list[tuple[datetime, datetime]]:
    """Return the stretches of days that may have copies, the newest first.

    One stretch is the open window with the day before it. The others start at the days to which a
    replay added events and are as long as the open window, because a replayed event may have copies
    on later days. Stretches that touch become one.

    Args:
        days: the days to which a replay added events; days in the future are ignored.
        today: the current UTC day.

    Returns:
        The first day of each stretch, and the day after the last one.
    """
    window = {today - number * DAY for number in range(OPEN_WINDOW_DAYS + 2)}
    past = (day for day in days if day <= today)
    later = {day + number * DAY for day in past for number in range(OPEN_WINDOW_DAYS + 1)}
    stretches: list[tuple[date, date]] = []
    for day in sorted(day for day in window | later if day <= today):
        if stretches and stretches[-1][1] == day:
            stretches[-1] = (stretches[-1][0], day + DAY)
        else:
            stretches.append((day, day + DAY))
    return [(midnight(first), midnight(end)) for first, end in reversed(stretches)]
