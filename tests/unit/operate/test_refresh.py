from datetime import UTC, date, datetime

import pytest

from functions.operate.refresh import Refresh
from functions.warehouse.rollups import COUNTS, REFRESHES, Stretch
from tests.fakes.clock import Clock
from tests.fakes.statements import Statements
from tests.unit.operate.conftest import NOW
from tests.unit.operate.stand_ins import changed, noted, ran, recorded, searches


def day(number: int, month: int = 11) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


async def test_the_open_window_and_what_is_not_up_to_date_are_refreshed(
    refresh: Refresh, statements: Statements
) -> None:
    statements.answers = {"find_uncounted_days": [day(13), day(12)]}
    statements.answers["find_news"] = [
        ran("refresh", day(22)),
        noted(date(2026, 9, 1), day(14)),
        noted(date(2026, 1, 1), day(22)),
        noted(date(2026, 9, 9), day(13)),
    ]
    report = await refresh.run()
    # 1 January is beyond the retention: what is left of it must not replace what was counted.
    # 9 September was noted before the open window began, so earlier runs have refreshed it.
    assert [name for name, first in changed(statements) if first == "11-12"] == [
        "refresh_active_days",
        "refresh_daily",
        "refresh_rooms",
        "refresh_active_users",
    ]
    assert recorded(statements) == [
        ("refresh", "09-01", "09-02"),
        ("refresh", "11-12", "11-23"),
    ]
    assert {first for name, first in changed(statements) if name == "refresh_daily"} == {
        "11-12",
        "09-01",
    }
    assert report.days[:3] == ["2026-09-01", "2026-11-12", "2026-11-13"]
    assert report.days[-2:] == ["2026-11-21", "2026-11-22"]
    assert (report.rows, report.remaining, report.failed) == (2 * len(REFRESHES), [], "")
    queries = dict(searches(statements))
    assert queries["find_uncounted_days"] == {"first": day(22, 4), "end": day(14)}


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


async def test_people_are_counted_anew_unless_the_day_had_its_last_count(
    refresh: Refresh, statements: Statements
) -> None:
    statements.answers = {"find_uncounted_days": [day(1, 10)]}
    await refresh.run(date(2026, 9, 30), date(2026, 10, 1))
    thawed = [
        moments["thawed"] for name, moments in statements.changes if name == "refresh_active_users"
    ]
    assert thawed == [day(5, 10), day(1, 10)]


async def test_what_the_time_does_not_suffice_for_remains(
    refresh: Refresh, statements: Statements, clock: Clock
) -> None:
    statements.after_change = clock.passing(300)
    report = await refresh.run(date(2026, 11, 20))
    assert (report.days, report.failed) == ([], "")
    assert report.remaining == [Stretch(date(2026, 11, 20), date(2026, 11, 22), frozen=False)]
    assert recorded(statements) == []


@pytest.mark.parametrize(
    "failing",
    [
        "find_uncounted_days",
        "find_news",
        "find_days_with_double_rollups",
        "record_run",
        *REFRESHES,
    ],
)
async def test_a_failure_ends_the_run(
    refresh: Refresh, statements: Statements, failing: str
) -> None:
    statements.failing = {failing}
    report = await refresh.run()
    assert (report.failed, report.days) == (failing, [])
    assert recorded(statements) == []


async def test_rows_that_two_runs_inserted_at_once_are_replaced(
    refresh: Refresh, statements: Statements
) -> None:
    double = iter([[day(22)]])
    statements.answers = {"find_days_with_double_rollups": lambda **_: next(double, [])}
    await refresh.run(date(2026, 11, 22))
    once = ["refresh_active_days", *COUNTS]
    assert [name for name, _ in changed(statements)] == [*once, *once]


async def test_people_are_counted_when_all_active_days_are_up_to_date(
    refresh: Refresh, statements: Statements
) -> None:
    """A run of today alone makes those of other days that may have changed, too."""
    statements.answers["find_news"] = [noted(date(2026, 9, 1), day(22))]
    await refresh.run(date(2026, 11, 22), date(2026, 11, 22))
    first = [first for name, first in changed(statements) if name == "refresh_active_days"]
    assert first == ["09-01", "11-14"]
    assert [name for name, _ in changed(statements)][len(first) :] == list(COUNTS)


async def test_a_refresh_is_recorded_as_of_its_beginning(
    refresh: Refresh, statements: Statements
) -> None:
    await refresh.run(date(2026, 11, 22))
    assert recorded(statements) == [("refresh", "11-22", "11-23")]
    assert dict(statements.changes)["record_run"]["started_at"] == NOW
