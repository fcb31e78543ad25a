"""Brings ``active_days_v1`` and the rollups up to date, with the statements in ``sql/operate``.

``active_days_v1`` has a row for each person and day. It is made from the events of the day, and the
numbers of different people over several days are made from it. Rollups are counts by day or week.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

from functions.warehouse.days import DAY, midnight
from functions.warehouse.ledger import Ledger
from functions.warehouse.schema import OPEN_WINDOW_DAYS
from functions.warehouse.statements import Statements

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

COUNTS = BY_DAY | OVER_DAYS
"""All statements that count. Active days have to be up to date before they run."""

REFRESHES = ACTIVE_DAYS | COUNTS
"""All statements that replace a stretch of days."""

NEWS = ("find_uncounted_days", "find_news")
"""The queries that find the days to refresh."""

STRETCH_DAYS = 60
"""The maximum number of days that one statement replaces."""

LOOK_BACK = 28 * 7 * DAY
"""How long before its first week the numbers of a stretch look for active people. A person joins a
cohort after 16 weeks without an event, and a cohort is followed for 12 weeks; the longest span of
``active_users_v1``, 6 months, is shorter."""


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


class ChangedDays(NamedTuple):
    """The days before the open window whose events may have changed since their last refresh.

    Attributes:
        uncounted: days that were not refreshed after they had left the open window. Their numbers
            of different people are not final.
        late: days that were noted lately, for example because events came late.
    """

    uncounted: frozenset[date]
    late: frozenset[date]


async def find_changed_days(
    statements: Statements, ledger: Ledger, now: datetime, oldest: date
) -> ChangedDays:
    """Find the days before the open window that have to be refreshed.

    Args:
        statements: runs the statements of ``sql/operate``.
        ledger: has the noted days.
        now: the current time (timezone-aware).
        oldest: the oldest day whose events are kept.

    Raises:
        StatementFailed: the days are unknown.
    """
    open_from = midnight(now.astimezone(UTC).date() - OPEN_WINDOW_DAYS * DAY)
    uncounted, news = await asyncio.gather(
        statements.days("find_uncounted_days", first=midnight(oldest), end=open_from),
        ledger.news(now),
    )
    return ChangedDays(
        frozenset(found.date() for found in uncounted),
        frozenset(
            note.day
            for note in news.notes
            if note.noted_at >= open_from and oldest <= note.day < open_from.date()
        ),
    )


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
    changes = await asyncio.gather(
        *(
            statements.change(name, **{parameter: moments[parameter] for parameter in parameters})
            for name, parameters in names.items()
        ),
        return_exceptions=True,
    )
    rows = 0
    for changed in changes:
        if isinstance(changed, BaseException):
            raise changed
        rows += changed
    return rows


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
