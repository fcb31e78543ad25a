"""Which days are counted once more before people are erased."""

from datetime import UTC, datetime, timedelta

from functions.privacy.sweep.open_days import OpenDays
from functions.warehouse.rollups import ROLLUPS
from functions.warehouse.schema import OPEN_WINDOW_DAYS

NOW = datetime(2026, 11, 22, 0, 0, 30, tzinfo=UTC)  # a Sunday


class Statements:
    def __init__(self) -> None:
        self.given: dict[str, dict[str, datetime]] = {}

    async def change(self, name: str, **moments: datetime) -> int:
        self.given[name] = moments
        return 1


async def test_all_rollups_of_the_days_that_are_over_are_counted_anew() -> None:
    statements = Statements()
    await OpenDays(statements, lambda: NOW).count()
    assert statements.given.keys() == ROLLUPS.keys()
    today = datetime(2026, 11, 22, tzinfo=UTC)
    first = today - timedelta(days=OPEN_WINDOW_DAYS)
    assert statements.given["refresh_active_users"] == {
        "first": first,
        "end": today,
        "thawed": first,
    }
    assert statements.given["refresh_cohorts"] == {
        "first_week": datetime(2026, 11, 9, tzinfo=UTC),
        "end_week": datetime(2026, 11, 23, tzinfo=UTC),
        "thawed": first,
    }
