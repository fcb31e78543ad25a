"""Refreshes the rollups of recent days a last time before people are erased.

After an erasure, events of one person on two days cannot be connected any more. So `sql/operate`
keeps the counts of days before the cut-off as they are. After a grace period, these days were
counted long ago. For an immediate erasure, some of them are still open, so they are counted now.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from functions.warehouse.days import DAY
from functions.warehouse.rollups import ROLLUPS, Stretch
from functions.warehouse.schema import OPEN_WINDOW_DAYS


class RollupStatements(Protocol):
    """Runs statements of ``sql/operate``, like `functions.warehouse.statements.Statements`."""

    async def change(self, name: str, **moments: datetime) -> int:
        """Run a statement that changes rows; return the number of changed rows."""


@dataclass(frozen=True, slots=True)
class OpenDays:
    """Refreshes the rollups of the past days in the open window.

    Args:
        statements: runs the statements of ``sql/operate``.
        now: returns the current time, with an offset.
    """

    statements: RollupStatements
    now: Callable[[], datetime]

    async def count(self) -> None:
        """Refresh the rollups of these days.

        Raises:
            StatementFailed: it is unknown whether all of them are up to date.
        """
        today = self.now().astimezone(UTC).date()
        moments = Stretch(today - OPEN_WINDOW_DAYS * DAY, today - DAY, frozen=False).moments()
        for name, parameters in ROLLUPS.items():
            bounds = {parameter: moments[parameter] for parameter in parameters}
            await self.statements.change(name, **bounds)
