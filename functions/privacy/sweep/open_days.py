"""Refreshes active days and the rollups of recent days a last time before people are erased.

After an erasure, the tables do not say any more that events on two days are about the same person.
So the statements of `sql/operate` do not count days before the cut-off again. If the erasure had a
grace period, these days were counted long ago. If the erasure is immediate, some of these days are
still in the open window, so the days with news are counted now.

Active days have to be up to date too: if a row stands for events both before and after the cut-off,
the refresh makes it into two rows, and the erasure applies only to the first one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from functions.warehouse.days import DAY
from functions.warehouse.late_days import OVERLAP
from functions.warehouse.ledger import News
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
from functions.warehouse.statements import Statements


@dataclass(frozen=True, slots=True)
class OpenDays:
    """Brings active days up to date, and the rollups of the past days in the open window.

    Args:
        statements: runs the statements of ``sql/operate``.
        now: returns the current time (timezone-aware).
        retention_days: the number of days for which events are kept.
    """

    statements: Statements
    now: Callable[[], datetime]
    retention_days: int

    async def count_past(self, news: News, executed_at: datetime | None) -> None:
        """Refresh the past days with news, and count the people of the past open days again.

        The past open days are those in the open window except today. Their people are not counted
        again if no past day has news, and no erasure was executed since the last count.

        Args:
            news: what is new for the jobs.
            executed_at: when an erasure was last executed (timezone-aware); None if no executed
                erasure is stored.

        Raises:
            StatementFailed: it is unknown whether everything is up to date.
        """
        now = self.now()
        window = open_days(now)
        oldest = window[-1] - (self.retention_days - 1) * DAY
        past = find_days(news, now, oldest).changed - {window[-1]}
        for stretch in stretches(day for day in past if day < window[0]):
            await replace(self.statements, ACTIVE_DAYS, stretch)
        for stretch in stretches(day for day in past if day >= window[0]):
            await replace(self.statements, OF_A_DAY, stretch)
        counted_at = max(
            (news.refreshed[day] for day in window if day in news.refreshed), default=None
        )
        if past or counted_at is None or (executed_at and executed_at >= counted_at - OVERLAP):
            await replace(self.statements, OVER_DAYS, Stretch(window[0], window[-2], frozen=False))

    async def refresh_today(self) -> None:
        """Refresh the active days of today.

        Raises:
            StatementFailed: it is unknown whether they are up to date.
        """
        today = open_days(self.now())[-1]
        await replace(self.statements, ACTIVE_DAYS, Stretch(today, today, frozen=False))
