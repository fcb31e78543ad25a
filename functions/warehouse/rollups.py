"""Brings ``active_days_v1`` and the rollups up to date, with the statements in ``sql/operate``.

``active_days_v1`` has a row for each person and day, made from the person's events of the day. The
rollups are counts by day or week. Counts of different people over many days are made from
``active_days_v1``; all other counts are made from events.
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
    "refresh_room_people": ("first", "end", "since", "end_week", "thawed"),
    "refresh_cohorts": ("first_week", "since", "end_week", "thawed"),
}
"""The statements that count different people over many days, each with the names of its parameters.
They read active days, not events."""

OF_A_DAY = ACTIVE_DAYS | BY_DAY
"""The statements that replace the rows of days with rows from the chat events of these days."""

REFRESHES = OF_A_DAY | OVER_DAYS
"""All statements that bring a stretch of days up to date, with the names of their parameters."""

NEVER = datetime.min.replace(tzinfo=UTC)
"""The time of the last note of a day that was never noted."""

STRETCH_DAYS = 60
"""The maximum number of days that one statement replaces."""

LOOK_BACK = 28 * 7 * DAY
"""To count people in a stretch, active days are read from this long before its first week. Cohorts
need 28 weeks: a person joins a cohort after 16 weeks without an event, and a cohort is followed for
12 weeks. ``active_users_v1`` and ``room_people_v1`` need less: their longest span is 6 months."""


class Stretch(NamedTuple):
    """Consecutive days that one statement refreshes together.

    Attributes:
        first: the first day (UTC).
        last: the last day (UTC).
        frozen: whether the counts of different people for these days are final. A refresh does not
            change final counts.
    """

    first: date
    last: date
    frozen: bool

    def days(self) -> list[date]:
        """Return all days of the stretch."""
        return each_day(self.first, self.last)

    def moments(self) -> dict[str, datetime]:
        """Return a time (UTC) for each parameter that `REFRESHES` names."""
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
    """The days (UTC) whose active days and rollups may not be up to date.

    Attributes:
        changed: all days whose rows may not be up to date.
        uncounted: the changed days that have left the open window since their last refresh. Their
            counts of different people are not final yet.
    """

    changed: frozenset[date]
    uncounted: frozenset[date]


def open_days(now: datetime) -> list[date]:
    """Return the days (UTC) of the open window, from the oldest to today."""
    today = now.astimezone(UTC).date()
    return each_day(today - OPEN_WINDOW_DAYS * DAY, today)


def find_days(news: News, now: datetime, oldest: date) -> DaysToRefresh:
    """Find the days that have to be refreshed.

    A day has to be refreshed if it was never refreshed, or if one of these things happened since
    its last refresh: events may have come to it on time; it was noted; or it left the open window.
    Views hide copies of events only in the open window, so a day is counted again after it has
    left.

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
        if day < days[0] and (at is None or day >= open_days(at)[0]):
            uncounted.add(day)
        elif at is None or day >= on_time_from(at) or noted.get(day, NEVER) >= at - OVERLAP:
            changed.add(day)
    return DaysToRefresh(frozenset(changed | uncounted), frozenset(uncounted))


async def replace(
    statements: Statements, names: Mapping[str, Iterable[str]], stretch: Stretch
) -> int:
    """Replace the rows of a stretch of days. All statements run at the same time.

    Args:
        statements: runs the statements of ``sql/operate``.
        names: the statements to run, with the names of their parameters: some of `REFRESHES`. No
            statement may read a table that another one writes.
        stretch: the days.

    Returns:
        The number of rows that were deleted or inserted.

    Raises:
        StatementFailed: a statement failed. By then, the other statements have ended.
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
    """Group days into stretches, the oldest first. One statement can refresh a stretch.

    The days of a stretch are consecutive, at most `STRETCH_DAYS`, and either all of them are in
    `thawed` or none.

    Args:
        wanted: the days to refresh.
        thawed: the days whose counts of different people are not final yet. A stretch of other days
            is frozen.
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
