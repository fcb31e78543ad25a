"""The last count of people of whom some are about to be erased.

Afterwards it cannot be told who of one day is who of another, so `sql/operate` keeps what was
counted of days that ended before the erasure was asked for. What is executed after a grace period
was counted long ago; what is executed at once has days that would be counted again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from functions.warehouse.days import DAY
from functions.warehouse.rollups import ROLLUPS, Stretch
from functions.warehouse.schema import OPEN_WINDOW_DAYS


class RollupStatements(Protocol):
    """Runs statements of ``sql/operate``, as `functions.warehouse.statements.Statements`."""

    async def change(self, name: str, **moments: datetime) -> int:
        """Run a statement that changes rows; return how many it changed."""


@dataclass(frozen=True, slots=True)
class OpenDays:
    """Counts the days that are over, as far as events may still come for them.

    Args:
        statements: runs the statements.
        now: the clock, with an offset.
    """

    statements: RollupStatements
    now: Callable[[], datetime]

    async def count(self) -> None:
        """Bring the rollups of these days up to date.

        Raises:
            StatementFailed: they are not known to be.
        """
        today = self.now().astimezone(UTC).date()
        moments = Stretch(today - OPEN_WINDOW_DAYS * DAY, today - DAY, frozen=False).moments()
        for name, parameters in ROLLUPS.items():
            bounds = {parameter: moments[parameter] for parameter in parameters}
            await self.statements.change(name, **bounds)
