"""A sweep searches all days to which an unseen row in scope may have come."""

from datetime import UTC, date, datetime, timedelta

import pytest

from functions.privacy.erasures.scope import Scope, Scopes
from functions.privacy.erasures.searched_days import all_days, days_with_news
from functions.warehouse.days import DAY
from tests.unit.privacy.stand_ins import scope

NOW = datetime(2026, 11, 22, 12, 20, tzinfo=UTC)
TODAY = NOW.date()
HOUR = timedelta(hours=1)


def executed(cut_off: datetime, user_key: str = "ann") -> Scope:
    return scope(user_key)._replace(status="executed", executed_at=cut_off, cut_off=cut_off)


def test_with_nothing_noted_and_old_cut_offs_no_day_is_searched() -> None:
    scopes = Scopes([executed(NOW - 28 * DAY)])
    searched = days_with_news(scopes, [], NOW - HOUR, NOW)
    assert (searched.for_scope, searched.are_all) == (frozenset(), False)
    assert searched.with_copies(scopes) == set()


def test_late_days_are_searched() -> None:
    late = [TODAY - 40 * DAY, TODAY, TODAY + DAY, date.max]
    searched = days_with_news(Scopes([executed(NOW - 28 * DAY)]), late, NOW - HOUR, NOW)
    assert searched.for_scope == {TODAY - 40 * DAY, TODAY}


@pytest.mark.parametrize(
    ("cut_off", "days"),
    [
        (NOW - HOUR, {TODAY}),
        (NOW - 3 * HOUR, {TODAY}),
        (NOW - 3 * HOUR - timedelta(microseconds=1), set()),
        (NOW.replace(hour=1), set()),
    ],
)
def test_the_hour_before_a_new_cut_off_is_searched(cut_off: datetime, days: set[date]) -> None:
    searched = days_with_news(Scopes([executed(cut_off)]), [], NOW - HOUR, NOW)
    assert searched.for_scope == days


def test_the_hour_before_a_cut_off_may_be_on_the_day_before() -> None:
    night = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
    searched = days_with_news(Scopes([executed(night)]), [], night, night + HOUR)
    assert searched.for_scope == {TODAY - DAY, TODAY}


def test_copies_are_searched_for_eight_days_after_a_cut_off_where_something_is_new() -> None:
    scopes = Scopes([executed(NOW - 8 * DAY), executed(NOW - 20 * DAY, "bob")])
    searched = days_with_news(scopes, [], NOW - HOUR, NOW)
    assert searched.with_copies(scopes) == {TODAY}
    searched = days_with_news(scopes, [TODAY - 13 * DAY], NOW - HOUR, NOW)
    after = {TODAY - number * DAY for number in (5, 6, 7, 8, 12, 13)}
    assert searched.with_copies(scopes) == {TODAY, *after}


def test_an_event_in_scope_that_comes_late_may_have_copies_on_the_days_after_it() -> None:
    scopes = Scopes([executed(NOW - 20 * DAY)])
    found = TODAY - 22 * DAY
    searched = days_with_news(scopes, [found], NOW - HOUR, NOW)
    days = {TODAY - number * DAY for number in range(14, 21)}
    assert searched.with_copies(scopes) == days


def test_all_days_end_today_also_for_a_receiver_whose_clock_is_ahead() -> None:
    searched = all_days(date(2026, 11, 20), NOW)
    assert sorted(searched.for_scope) == [date(2026, 11, number) for number in (20, 21, 22)]
    assert searched.are_all
    night = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert max(all_days(date(2026, 11, 20), night).for_scope) == date(2026, 11, 23)
