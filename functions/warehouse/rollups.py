"""Brings ``active_days_v1`` and the rollups up to date, with the statements in ``sql/operate``.

``active_days_v1`` has a row for each person and day. It is made from the events of the day, and the
numbers of different people over several days are made from it. Rollups are counts by day or week.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

from functions.warehouse.days import DAY, each_day, midnight
from functions.warehouse.late_days import OVERLAP, on_time_from
from functions.warehouse.ledger import News
from functions.warehouse.schema import OPEN_WINDOW_DAYS
from functions.warehouse.statements import Statements
from functions.warehouse.together import together

ACTIVE_DAYS: dict[str, tuple[str, ...]] = {"refresh_active_days": ("first", "end")}
"""The statement that makes active days from events, with the names of its parameters."""

BY_DAY: dict[str, tuple[str, ...]] = {
    "refresh_daily": ("first", "end"),
    "refresh_rooms": ("first", "end"),
}
"""The statements that count the events of each day, each with the names of its parameters."""

OVER_DAYS: dict[str, tuple[str, ...]] = {
    "refresh_active_users": ("first", "end", "since", "end_week", "thawed"),
    "refresh_cohorts": ("first_week", "since", "end_week", "thawed"),
}
"""The statements that count different people over many days, each with the names of its parameters.
They read active days only."""

OF_A_DAY = ACTIVE_DAYS | BY_DAY
"""The statements that read the events of the days that they replace, and of no other day."""

REFRESHES = OF_A_DAY | OVER_DAYS
"""All statements that replace a stretch of days."""

NEVER = datetime.min.replace(tzinfo=UTC)
"""A time before every note."""

STRETCH_DAYS = 60
"""The maximum number of days that one statement replaces."""

LOOK_BACK = 28 * 7 * DAY
"""How far before the first week of a stretch its numbers look for active people. A person joins a
cohort after 16 weeks without an event, and each cohort is followed for 12 weeks: 28 weeks together.
The longest span of ``active_users_v1`` is shorter: 6 months."""


class Stretch(NamedTuple):
    """Consecutive days that are refreshed together.

    Attributes:
        first: the first day (UTC).
        last: the last day (UTC).
        frozen: whether the numbers of different people on these days are final.
    """

    first: date
    last: date
    frozen: bool

    def days(self) -> list[date]:
        """Return these days."""
        return each_day(self.first, self.last)

    def moments(self) -> dict[str, datetime]:
        """Return a value for each parameter that `REFRESHES` names."""
        first_week = midnight(self.first - self.first.weekday() * DAY)
        end_week = midnight(self.last + (7 - self.last.weekday()) * DAY)
        return {
            "first": midnight(self.first),
            "end": midnight(self.last + DAY),
            "first_week": first_week,
            "end_week": end_week,
            "since": first_week - LOOK_BACK,
            "thawed": end_week if self.frozen else midnight(self.first),
        }


class DaysToRefresh(NamedTuple):
    """The days (UTC) whose rows may not be up to date.

    Attributes:
        changed: days whose events may have changed since their last refresh.
        uncounted: the changed days that have left the open window since their last refresh. Their
            numbers of different people are not final.
    """

    changed: frozenset[date]
    uncounted: frozenset[date]


def open_days(now: datetime) -> list[date]:
    """Return the days (UTC) of the open window, the last of which is today."""
    today = now.astimezone(UTC).date()
    return each_day(today - OPEN_WINDOW_DAYS * DAY, today)


def find_days(news: News, now: datetime, oldest: date) -> DaysToRefresh:
    """Find the days that have to be refreshed.

    Events of a day may have changed if the day was never refreshed, if events may have come to it
    on time since its last refresh, or if it was noted since then. A day is also refreshed once when
    it has left the open window, because views hide copies of events only in the open window.

    Args:
        news: what is new for the jobs.
        now: the current time (timezone-aware).
        oldest: the oldest day whose events are kept.
    """
    noted: dict[date, datetime] = {}
    for note in news.notes:
        noted[note.day] = max(note.noted_at, noted.get(note.day, note.noted_at))
    days = open_days(now)
    changed: set[date] = set()
    uncounted: set[date] = set()
    for day in each_day(oldest, days[-1]):
        at = news.refreshed.get(day)
        if day < days[0] and (at is None or at < midnight(day + OPEN_WINDOW_DAYS * DAY)):
            uncounted.add(day)
        elif at is None or day >= on_time_from(at) or noted.get(day, NEVER) >= at - OVERLAP:
            changed.add(day)
    return DaysToRefresh(frozenset(changed | uncounted), frozenset(uncounted))


async def replace(
    statements: Statements, names: Mapping[str, Iterable[str]], stretch: Stretch
) -> int:
    """Replace the rows of a stretch of days; the statements run at the same time.

    Args:
        statements: runs the statements of ``sql/operate``.
        names: some of `REFRESHES`. None of them may read what another of them writes.
        stretch: the days.

    Returns:
        The number of rows that were deleted or inserted.

    Raises:
        StatementFailed: one of the statements failed, and the others have ended.
    """
    moments = stretch.moments()
    changes = await together(
        *(
            statements.change(name, **{parameter: moments[parameter] for parameter in parameters})
            for name, parameters in names.items()
        )
    )
    return sum(changes)


def stretches(wanted: Iterable[date], thawed: frozenset[date] = frozenset()) -> list[Stretch]:
    """Group days into stretches that can be refreshed together, the oldest first.

    Args:
        wanted: the days to refresh.
        thawed: the days for which counts of people are not final yet.
    """
    result: list[Stretch] = []
    for day in sorted(wanted):
        frozen = day not in thawed
        if (
            result
            and result[-1].last + DAY == day
            and result[-1].frozen == frozen
            and (day - result[-1].first).days < STRETCH_DAYS
        ):
            result[-1] = result[-1]._replace(last=day)
        else:
            result.append(Stretch(day, day, frozen))
    return result
