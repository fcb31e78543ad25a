"""Before people are erased, the days in the open window are counted a last time if necessary."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.privacy.sweep.open_days import OpenDays
from functions.warehouse.days import each_day
from functions.warehouse.ledger import Ledger
from functions.warehouse.rollups import OF_A_DAY, OVER_DAYS
from functions.warehouse.schema import OPEN_WINDOW_DAYS
from tests.fakes.clock import Clock
from tests.fakes.statements import Statements
from tests.unit.operate.stand_ins import changed, noted, refreshed

NOW = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)  # a Sunday
TODAY = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST = TODAY - OPEN_WINDOW_DAYS * DAY


DAYS = each_day((TODAY - 300 * DAY).date(), TODAY.date())
FRESH = refreshed(DAYS, NOW - DAY / 24)
"""The ledger of a cell in which all days were refreshed an hour ago."""


async def count(
    statements: Statements, executed_at: datetime | None = None, clock: Clock | None = None
) -> None:
    news = await Ledger(statements, 215).news(NOW)
    days = OpenDays(statements, lambda: NOW, 215, seconds=80, clock=clock or Clock(0.0))
    await days.count_past(news, executed_at)


def statements(*news: dict[str, Any]) -> Statements:
    found = Statements("operate")
    found.answers["find_news"] = [*FRESH, *news]
    return found


async def test_days_that_are_up_to_date_are_not_counted_again() -> None:
    nothing_new = statements()
    await count(nothing_new, NOW - DAY / 2)
    assert nothing_new.changes == []


@pytest.mark.parametrize("first_run", [True, False])
async def test_an_execution_since_the_last_count_changed_numbers_of_people(
    *, first_run: bool
) -> None:
    store = statements()
    if first_run:
        store.answers["find_news"] = refreshed(DAYS[:-9], NOW)
    await count(store, None if first_run else NOW - DAY / 24)
    parameters = dict(store.changes)
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


async def test_events_of_past_days_with_news_are_read_the_oldest_first() -> None:
    yesterday = TODAY - DAY
    store = statements(
        *refreshed([yesterday.date()], TODAY),
        noted((FIRST - 30 * DAY).date(), NOW),
        noted(FIRST.date(), NOW),
    )
    await count(store)
    counted = changed(store)
    assert counted[:1] == [("refresh_active_days", "10-15")]
    assert counted[1:4] == [(name, "11-14") for name in OF_A_DAY]
    assert counted[4:7] == [(name, "11-21") for name in OF_A_DAY]
    assert [name for name, _ in counted[7:]] == list(OVER_DAYS)


async def test_all_statements_together_have_one_time_limit() -> None:
    """Were it one for each, slow rollups would take the time that the erasures need."""
    clock = Clock(0.0)
    store = statements(noted((FIRST - 30 * DAY).date(), NOW), noted(FIRST.date(), NOW))

    def take_long(name: str) -> None:
        clock.now += 30 if name == "refresh_active_days" else 0

    store.after_change = take_long
    await count(store, clock=clock)
    assert store.limits == [80, 50, 20]


async def test_the_active_days_of_today_are_made() -> None:
    store = statements()
    await OpenDays(store, lambda: NOW, 215, seconds=80).refresh_today()
    assert store.changes == [("refresh_active_days", {"first": TODAY, "end": TODAY + DAY})]
