"""The two windows of days that the dashboard can show; each ends today (UTC)."""

from calendar import monthrange
from datetime import date, timedelta
from enum import StrEnum

MONTHS = 6


class Window(StrEnum):
    """A window; the value is its name in requests."""

    DAYS_90 = "90d"
    MONTHS_6 = "6m"

    @property
    def label(self) -> str:
        """The window's name on the page."""
        return {Window.DAYS_90: "90 days", Window.MONTHS_6: "6 months"}[self]

    def first(self, last: date) -> date:
        """Return the first day of the window that ends with a day.

        BigQuery computes the same with ``day > DATE_SUB(last, INTERVAL 90 DAY)``, or ``6 MONTH``.
        """
        if self is Window.DAYS_90:
            return last - timedelta(days=89)
        months = last.year * 12 + last.month - 1 - MONTHS
        year, month = divmod(months, 12)
        before = date(year, month + 1, min(last.day, monthrange(year, month + 1)[1]))
        return before + timedelta(days=1)


def monday(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())
