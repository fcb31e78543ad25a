"""The statements in ``sql/operate`` that refresh the rollups, which are counts by day or week."""

from datetime import date, datetime
from typing import NamedTuple

from functions.warehouse.days import DAY, midnight

ROLLUPS = {
    "refresh_daily": ("first", "end"),
    "refresh_rooms": ("first", "end"),
    "refresh_active_users": ("first", "end", "thawed"),
    "refresh_cohorts": ("first_week", "end_week", "thawed"),
}
"""The statements that replace a stretch of days, each with the names of its parameters."""


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
        """Return a value for each parameter that `ROLLUPS` names."""
        first_week = midnight(self.first - self.first.weekday() * DAY)
        end_week = midnight(self.last + (7 - self.last.weekday()) * DAY)
        return {
            "first": midnight(self.first),
            "end": midnight(self.last + DAY),
            "first_week": first_week,
            "end_week": end_week,
            "thawed": end_week if self.frozen else midnight(self.first),
        }
