"""Weekly return: what share of the people who started in a week came again in later ones."""

from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

from functions.dashboard.rollups import Row
from functions.dashboard.window import monday

WEEKS = 12
"""How long a cohort is followed (sql/operate/refresh_cohorts.sql)."""


class Cohort(msgspec.Struct, frozen=True):
    """The people who started in a week.

    Attributes:
        week: its Monday (UTC).
        people: how many started.
        returned: of each later week up to this one how many of them came, at most `WEEKS`.
    """

    week: date
    people: int
    returned: list[int]

    def share(self, weeks_later: int) -> float | None:
        """Return the share that came so many weeks later; None for a week still to come."""
        if not 1 <= weeks_later <= len(self.returned) or not self.people:
            return None
        return self.returned[weeks_later - 1] / self.people


def follow(rows: Iterable[Row], last: date) -> list[Cohort]:
    """Return the cohorts, newest first.

    Args:
        rows: ``cohort_week``, ``week`` and ``people``; a week without a row is one without people.
        last: the last day counted; its week is told although it may not be over.
    """
    counts = {(row["cohort_week"], row["week"]): row["people"] for row in rows}
    started = sorted({cohort for cohort, _ in counts}, reverse=True)
    return [
        Cohort(
            week,
            counts.get((week, week), 0),
            [
                counts.get((week, week + timedelta(weeks=later)), 0)
                for later in range(1, min(WEEKS, (monday(last) - week).days // 7) + 1)
            ],
        )
        for week in started
    ]
