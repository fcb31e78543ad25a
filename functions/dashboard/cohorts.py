"""Weekly return: the share of people who come back in the weeks after their first."""

from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

from functions.dashboard.rollups import Row
from functions.dashboard.window import monday

WEEKS = 12
"""The number of later weeks of a cohort (sql/operate/refresh_cohorts.sql)."""


class Cohort(msgspec.Struct, frozen=True):
    """The people who started in a week.

    Attributes:
        week: the week's Monday (UTC).
        people: the number of people who started.
        returned: the number of them who came in each later week up to now, at most `WEEKS` weeks.
    """

    week: date
    people: int
    returned: list[int]

    def share(self, weeks_later: int) -> float | None:
        """Return the share of people who came in a later week; None if it is in the future."""
        if not 1 <= weeks_later <= len(self.returned) or not self.people:
            return None
        return self.returned[weeks_later - 1] / self.people


def follow(rows: Iterable[Row], last: date) -> list[Cohort]:
    """Return the cohorts, newest first.

    Args:
        rows: rows with ``cohort_week``, ``week`` and ``people``; a week without a row has 0 people.
        last: the last counted day; its week is included, even if it is not over.
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
