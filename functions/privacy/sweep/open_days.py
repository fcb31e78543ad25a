"""Refreshes active days and the rollups of recent days a last time before people are erased.

After an erasure, it is not known any more that events on two days are about the same person. So the
statements of `sql/operate` do not count days before the cut-off again. After a grace period, these
days were counted long ago. If an erasure is immediate, some of these days are still in the open
window, so they are counted now.

Active days have to be up to date as well: a row whose events came both before and after the cut-off
is made into two rows, and the erasure covers the first of them only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from functions.warehouse.days import DAY, each_day
from functions.warehouse.ledger import Ledger
from functions.warehouse.rollups import (
    ACTIVE_DAYS,
    COUNTS,
    Stretch,
    find_changed_days,
    replace,
    stretches,
)
from functions.warehouse.schema import OPEN_WINDOW_DAYS
from functions.warehouse.statements import Statements


@dataclass(frozen=True, slots=True)
class OpenDays:
    """Refreshes the days in the open window.

    Args:
        statements: runs the statements of ``sql/operate``.
        ledger: has the noted days.
        now: returns the current time (timezone-aware).
        retention_days: the number of days for which events are kept.
    """

    statements: Statements
    ledger: Ledger
    now: Callable[[], datetime]
    retention_days: int

    async def count(self) -> None:
        """Refresh active days up to today, and the rollups of the past days in the open window.

        Raises:
            StatementFailed: it is unknown whether everything is up to date.
        """
        now = self.now().astimezone(UTC)
        today = now.date()
        first = today - OPEN_WINDOW_DAYS * DAY
        oldest = today - (self.retention_days - 1) * DAY
        days = await find_changed_days(self.statements, self.ledger, now, oldest)
        for stretch in stretches({*each_day(first, today), *days.uncounted, *days.late}):
            await replace(self.statements, ACTIVE_DAYS, stretch)
        past = Stretch(first, today - DAY, frozen=False)
        await replace(self.statements, COUNTS, past)
