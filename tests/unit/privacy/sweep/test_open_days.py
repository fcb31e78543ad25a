"""Which days are counted once more before people are erased."""

from datetime import UTC, datetime, timedelta

from functions.privacy.sweep.open_days import OpenDays
from functions.warehouse.ledger import Ledger
from functions.warehouse.rollups import REFRESHES
from functions.warehouse.schema import OPEN_WINDOW_DAYS
from tests.fakes.statements import Statements
from tests.unit.operate.stand_ins import noted

NOW = datetime(2026, 11, 22, 0, 0, 30, tzinfo=UTC)  # a Sunday
TODAY = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST = TODAY - OPEN_WINDOW_DAYS * DAY


async def test_all_rollups_of_the_days_that_are_over_are_counted_anew() -> None:
    statements = Statements("operate")
    await OpenDays(statements, Ledger(statements, 215), lambda: NOW, 215).count()
    parameters = dict(statements.changes)
    assert parameters.keys() == REFRESHES.keys()
    assert parameters["refresh_daily"] == {"first": FIRST, "end": TODAY}
    assert parameters["refresh_active_users"] == {
        "first": FIRST,
        "end": TODAY,
        "since": datetime(2026, 4, 27, tzinfo=UTC),
        "end_week": datetime(2026, 11, 23, tzinfo=UTC),
        "thawed": FIRST,
    }
    assert parameters["refresh_cohorts"] == {
        "first_week": datetime(2026, 11, 9, tzinfo=UTC),
        "since": datetime(2026, 4, 27, tzinfo=UTC),
        "end_week": datetime(2026, 11, 23, tzinfo=UTC),
        "thawed": FIRST,
    }


async def test_active_days_are_made_first_of_today_and_of_older_days_with_news() -> None:
    statements = Statements("operate")
    statements.answers = {"find_uncounted_days": [FIRST - DAY]}
    statements.answers["find_news"] = [noted((FIRST - 30 * DAY).date(), TODAY)]
    await OpenDays(statements, Ledger(statements, 215), lambda: NOW, 215).count()
    made = [
        (moments["first"], moments["end"])
        for name, moments in statements.changes
        if name == "refresh_active_days"
    ]
    assert made == [(FIRST - 30 * DAY, FIRST - 29 * DAY), (FIRST - DAY, TODAY + DAY)]
    names = [name for name, _ in statements.changes]
    assert names[:2] == ["refresh_active_days"] * 2
    assert sorted(names[2:]) == sorted(REFRESHES.keys() - {"refresh_active_days"})
