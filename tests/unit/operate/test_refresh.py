from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from functions.operate.refresh import Refresh
from functions.warehouse.days import each_day
from functions.warehouse.rollups import OF_A_DAY, OVER_DAYS, REFRESHES, Stretch
from functions.warehouse.statements import StatementFailed
from tests.fakes.clock import Clock
from tests.fakes.statements import Statements
from tests.unit.operate.conftest import NOW
from tests.unit.operate.stand_ins import changed, noted, recorded, refreshed

TODAY = NOW.date()
OLDEST = date(2026, 4, 22)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def day(number: int, month: int = 11) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


@pytest.fixture
def news(statements: Statements) -> list[dict[str, Any]]:
    """The ledger of a cell in which all days were refreshed an hour ago."""
    found = refreshed(each_day(OLDEST, TODAY), NOW - HOUR)
    statements.answers["find_news"] = found
    return found


def read(statements: Statements) -> list[str]:
    """Return the first day of each stretch whose events were counted."""
    return [first for name, first in changed(statements) if name == "refresh_daily"]


async def test_the_first_run_of_a_cell_refreshes_all_days(
    refresh: Refresh, statements: Statements
) -> None:
    report = await refresh.run()
    assert report.days == [str(each) for each in each_day(OLDEST, TODAY)]
    assert {first for _, first, _ in recorded(statements)} == {"04-22", "06-21", "08-20", "10-19"}


async def test_a_run_without_news_reads_events_of_today_only(
    refresh: Refresh, statements: Statements, news: list[dict[str, Any]]
) -> None:
    report = await refresh.run()
    assert (report.days, report.rows) == (["2026-11-22"], len(REFRESHES))
    assert recorded(statements) == [("refresh", "11-22", "11-23")]
    first = {
        name: moments["first"]
        for name, moments in statements.changes
        if name in {*OF_A_DAY, "refresh_active_users"}
    }
    assert first == dict.fromkeys(OF_A_DAY, day(22)) | {"refresh_active_users": day(14)}


@pytest.mark.parametrize(
    ("ran_at", "days"), [("01:59", ["2026-11-21", "2026-11-22"]), ("02:00", ["2026-11-22"])]
)
async def test_yesterday_is_refreshed_until_no_events_can_come_to_it_on_time(
    refresh: Refresh,
    statements: Statements,
    news: list[dict[str, Any]],
    ran_at: str,
    days: list[str],
) -> None:
    moment = datetime.fromisoformat(f"2026-11-22T{ran_at}+00:00")
    news += refreshed([TODAY - DAY], moment)
    assert (await refresh.run()).days == days


async def test_days_with_news_are_refreshed(
    refresh: Refresh, statements: Statements, news: list[dict[str, Any]]
) -> None:
    nights = each_day(date(2026, 11, 10), date(2026, 11, 13))
    news += [
        # The nights since 17 November had no refresh, so three days have left the open window.
        *refreshed(nights, day(17)),
        noted(date(2026, 9, 1), NOW - 2 * HOUR),
        noted(date(2026, 9, 9), NOW - 2 * HOUR - timedelta(seconds=1)),
        noted(date(2026, 11, 16), NOW, "changed"),
        noted(date(2026, 11, 18), NOW, "restored"),
        noted(date(2026, 1, 1), NOW),
        noted(TODAY + DAY, NOW),
    ]
    report = await refresh.run()
    # 1 January is beyond the retention: its remaining events must not replace its numbers.
    # 9 September was noted long before the last refresh began.
    assert report.days == [
        "2026-09-01",
        *(f"2026-11-{number}" for number in (10, 11, 12, 13, 16, 18, 22)),
    ]
    assert (report.rows, report.remaining, report.failed) == (21, [], "")
    assert read(statements) == ["09-01", "11-10", "11-16", "11-18", "11-22"]
    spans = [
        (moments["first"], moments["end"], moments["thawed"])
        for name, moments in statements.changes
        if name == "refresh_active_users"
    ]
    assert spans == [
        (day(1, 9), day(2, 9), day(7, 9)),  # numbers of people stay as they are before 7 September
        (day(10), day(23), day(10)),
    ]


async def test_different_people_are_counted_when_active_days_are_up_to_date(
    refresh: Refresh, statements: Statements, news: list[dict[str, Any]]
) -> None:
    news += [noted(date(2026, 11, 16), NOW)]
    await refresh.run()
    names = [name for name, _ in changed(statements)]
    assert names == [*OF_A_DAY, *OF_A_DAY, *OVER_DAYS]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 11, 22), date(2026, 11, 22), ["2026-11-22"]),
        (date(2026, 11, 21), None, ["2026-11-21", "2026-11-22"]),
        (None, date(2026, 11, 15), ["2026-11-14", "2026-11-15"]),
        (date(2026, 11, 21), date(2027, 1, 1), ["2026-11-21", "2026-11-22"]),
        (date(2026, 1, 1), date(2026, 4, 22), ["2026-04-22"]),
        (date(2027, 1, 1), None, []),
    ],
)
async def test_days_that_are_named_are_refreshed_as_far_as_there_are_events(
    refresh: Refresh,
    statements: Statements,
    first: date | None,
    last: date | None,
    expected: list[str],
) -> None:
    statements.answers["find_news"] = [noted(date(2026, 9, 1), day(22))]
    assert (await refresh.run(first, last)).days == expected


async def test_a_run_of_named_days_makes_the_active_days_of_others_with_news(
    refresh: Refresh, statements: Statements, news: list[dict[str, Any]]
) -> None:
    news += [noted(date(2026, 9, 1), NOW)]
    await refresh.run(date(2026, 11, 20), date(2026, 11, 20))
    first = [first for name, first in changed(statements) if name == "refresh_active_days"]
    assert first == ["09-01", "11-22", "11-20"]
    assert read(statements) == ["11-20"]
    assert recorded(statements) == [("refresh", "11-20", "11-21")]


async def test_people_are_counted_anew_unless_the_day_had_its_last_count(
    refresh: Refresh, statements: Statements, news: list[dict[str, Any]]
) -> None:
    news += refreshed([date(2026, 10, 1)], day(9, 10))
    await refresh.run(date(2026, 9, 30), date(2026, 10, 1))
    news += refreshed([date(2026, 10, 1)], day(10, 10))
    await refresh.run(date(2026, 10, 1), date(2026, 10, 1))
    thawed = [
        moments["thawed"] for name, moments in statements.changes if name == "refresh_active_users"
    ]
    assert thawed == [day(5, 10), day(1, 10), day(5, 10)]


async def test_days_for_which_the_time_is_too_short_remain(
    refresh: Refresh, statements: Statements, news: list[dict[str, Any]], clock: Clock
) -> None:
    statements.after_change = clock.passing(300)
    report = await refresh.run(date(2026, 11, 20))
    assert (report.days, report.failed) == ([], "")
    assert report.remaining == [Stretch(date(2026, 11, 20), date(2026, 11, 22), frozen=False)]
    assert recorded(statements) == []


def fail_today(*, first: datetime, end: datetime) -> int:
    """Make refresh_daily fail if its day is today."""
    if first == day(22):
        raise StatementFailed("refresh_daily", "backendError")
    return 1


async def test_a_run_that_ends_early_has_recorded_the_oldest_days(
    refresh: Refresh, statements: Statements, news: list[dict[str, Any]]
) -> None:
    news += [noted(date(2026, 9, 1), NOW)]
    statements.answers["refresh_daily"] = fail_today
    report = await refresh.run()
    assert (report.failed, report.days) == ("refresh_daily", ["2026-09-01"])
    assert report.remaining == [Stretch(TODAY, TODAY, frozen=False)]
    assert recorded(statements) == [("refresh", "09-01", "09-02")]


@pytest.mark.parametrize(
    "failing", ["find_news", "find_days_with_double_rollups", "record_run", *REFRESHES]
)
async def test_a_failure_ends_the_run(
    refresh: Refresh, statements: Statements, failing: str
) -> None:
    statements.failing = {failing}
    report = await refresh.run()
    assert (report.failed, report.days) == (failing, [])
    assert recorded(statements) == []


async def test_rows_that_two_runs_inserted_at_once_are_replaced(
    refresh: Refresh, statements: Statements, news: list[dict[str, Any]]
) -> None:
    """The run also replaces doubled rows of days that it would not read otherwise."""
    doubled = [[day(9), day(17)], []]
    statements.answers["find_days_with_double_rollups"] = lambda **_: doubled.pop(0)
    await refresh.run()
    assert read(statements) == ["11-22", "11-14", "11-17", "11-22"]
    assert [name for name, _ in changed(statements)].count("refresh_cohorts") == 2
    assert recorded(statements) == [("refresh", "11-22", "11-23")]


async def test_a_refresh_is_recorded_as_of_its_beginning(
    refresh: Refresh, statements: Statements, news: list[dict[str, Any]]
) -> None:
    await refresh.run(date(2026, 11, 22))
    assert recorded(statements) == [("refresh", "11-22", "11-23")]
    assert [run["started_at"] for name, run in statements.changes if name == "record_run"] == [NOW]
