"""Refreshes the rollups of recent days a last time before people are erased.

After an erasure, it is not known any more that events on two days are about the same person. So the
statements of `sql/operate` do not count days before the cut-off again. After a grace period, these
days were counted long ago. If an erasure is immediate, some of these days are still in the open
window, so they are counted now.
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
        now: returns the current time (timezone-aware).
    """

    statements: RollupStatements
    now: Callable[[], datetime]

    async def count(self) -> None:
        """Refresh the rollups of these days.

        Raises:
            StatementFailed: it is unknown whether all rollups are up to date.
        """
        today = self.now().astimezone(UTC).date()
        moments = Stretch(today - OPEN_WINDOW_DAYS * DAY, today - DAY, frozen=False).moments()
        for name, parameters in ROLLUPS.items():
            bounds = {parameter: moments[parameter] for parameter in parameters}
            await self.statements.change(name, **bounds)
