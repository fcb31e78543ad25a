"""Refreshes active days and the rollups of recent days a last time before people are erased.

After an erasure, the tables no longer show that events on two days are about the same person. So
for days before the cut-off, the statements of ``sql/operate`` can no longer count people correctly,
and never lower the counts. If an erasure had a grace period, these days were counted long ago. If
an erasure is immediate, some of these days are still in the open window. So their people are
counted now, before the erasure is executed.

Active days must also be up to date. A row of active days may stand for events before and after the
cut-off. A refresh splits this row, so that the erasure applies only to the part before the cut-off.

If a refresh fails or takes too long, the sweep executes the erasures nevertheless. Then the counts
of these days may lack the erased people for good. But the counts never include too many people,
because the next refresh makes the rows of active days again, from the events that are left.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
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
    """Refreshes active days and the rollups of recent days, before people are erased.

    Args:
        statements: runs the statements of ``sql/operate``.
        now: returns the current time (timezone-aware).
        retention_days: the number of days for which events are kept.
        seconds: the time limit of each method in seconds. It is a part of a sweep's time, so that
            the rest is left for the erasures.
        clock: returns the seconds of a monotonic clock.
    """

    statements: Statements
    now: Callable[[], datetime]
    retention_days: int
    _: KW_ONLY
    seconds: float
    clock: Callable[[], float] = time.monotonic

    async def count_past(self, news: News, executed_at: datetime | None) -> None:
        """Refresh the days before today that may not be up to date, and count people again.

        People are counted over several days, for each day of the open window before today. They are
        not counted again if no day has to be refreshed, and no erasure was executed since the last
        count.

        Args:
            news: the last runs of jobs, and the days that are noted.
            executed_at: when an erasure was last executed (timezone-aware); None if no executed
                erasure is stored.

        Raises:
            StatementFailed: it is unknown whether everything is up to date.
        """
        ends_at = self.clock() + self.seconds
        now = self.now()
        window = open_days(now)
        oldest = window[-1] - (self.retention_days - 1) * DAY
        past = find_days(news, now, oldest).changed - {window[-1]}
        for stretch in stretches(day for day in past if day < window[0]):
            await self._replace(ACTIVE_DAYS, stretch, ends_at)
        for stretch in stretches(day for day in past if day >= window[0]):
            await self._replace(OF_A_DAY, stretch, ends_at)
        counted_at = max(
            (news.refreshed[day] for day in window if day in news.refreshed), default=None
        )
        if past or counted_at is None or (executed_at and executed_at >= counted_at - OVERLAP):
            before_today = Stretch(window[0], window[-2], frozen=False)
            await self._replace(OVER_DAYS, before_today, ends_at)

    async def refresh_today(self) -> None:
        """Refresh the rows of active days for today.

        Raises:
            StatementFailed: it is unknown whether the rows are up to date.
        """
        ends_at = self.clock() + self.seconds
        today = open_days(self.now())[-1]
        await self._replace(ACTIVE_DAYS, Stretch(today, today, frozen=False), ends_at)

    async def _replace(
        self, names: Mapping[str, Iterable[str]], stretch: Stretch, ends_at: float
    ) -> None:
        await replace(self.statements.within(ends_at - self.clock()), names, stretch)
