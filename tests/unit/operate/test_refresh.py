from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from functions.operate.refresh import Refresh, stretches
from functions.warehouse.rollups import ROLLUPS, Stretch
from tests.fakes.clock import Clock
from tests.unit.operate.stand_ins import Store

THAWED = {date(2026, 11, number) for number in range(14, 23)}


def day(number: int, month: int = 11) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


def test_a_stretch_says_which_weeks_it_touches() -> None:
    moments = Stretch(date(2026, 11, 14), date(2026, 11, 22), frozen=False).moments()
    assert moments == {
        "first": day(14),
        "end": day(23),
        "first_week": day(9),
        "end_week": day(23),
        "thawed": day(14),
    }


def test_of_a_frozen_stretch_no_week_is_counted_anew() -> None:
    moments = Stretch(date(2026, 11, 3), date(2026, 11, 3), frozen=True).moments()
    assert (moments["first_week"], moments["end_week"]) == (day(2), day(9))
    assert moments["thawed"] == day(9)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([], []),
        ([22, 21], [(21, 22, False)]),
        # A frozen day beside a thawed one, and one by itself.
        ([14, 13, 11], [(14, 14, False), (13, 13, True), (11, 11, True)]),
    ],
)
def test_days_in_a_row_are_refreshed_together(
    wanted: list[int], expected: list[tuple[int, int, bool]]
) -> None:
    found = stretches([date(2026, 11, number) for number in wanted], THAWED)
    assert [(each.first.day, each.last.day, each.frozen) for each in found] == expected


def test_a_stretch_is_sixty_days_at_most() -> None:
    days = [date.fromordinal(date(2026, 1, 1).toordinal() + number) for number in range(130)]
    found = stretches(days, set(days))
    assert [(each.last - each.first).days + 1 for each in found] == [60, 60, 10]


async def test_the_open_window_and_what_is_not_up_to_date_are_refreshed(
    refresh: Refresh, store: Store
) -> None:
    store.found = {
        "find_uncounted_days": [day(13), day(12)],
        "find_days_with_late_events": [day(1, 9), day(1, 1)],
    }
    report = await refresh.run()
    # 1 January is beyond the retention: what is left of it must not replace what was counted.
    assert [name for name, first in store.changed if first == "11-12"] == [
        "refresh_daily",
        "refresh_rooms",
        "refresh_active_users",
        "record_refresh",
    ]
    assert {first for name, first in store.changed if name == "refresh_daily"} == {"11-12", "09-01"}
    assert report.days[:2] == ["2026-11-22", "2026-11-21"]
    assert report.days[-3:] == ["2026-11-13", "2026-11-12", "2026-09-01"]
    assert (report.rows, report.remaining, report.failed) == (2 * len(ROLLUPS), [], "")
    asked = dict(store.asked)
    assert asked["find_uncounted_days"] == {"first": day(22, 4), "end": day(14)}
    assert asked["find_days_with_late_events"] == {"end": day(14), "since": day(14)}


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 11, 22), date(2026, 11, 22), ["2026-11-22"]),
        (date(2026, 11, 21), None, ["2026-11-22", "2026-11-21"]),
        (None, date(2026, 11, 15), ["2026-11-15", "2026-11-14"]),
        (date(2026, 11, 21), date(2027, 1, 1), ["2026-11-22", "2026-11-21"]),
        (date(2026, 1, 1), date(2026, 4, 22), ["2026-04-22"]),
        (date(2027, 1, 1), None, []),
    ],
)
async def test_days_that_are_named_are_refreshed_as_far_as_there_are_events(
    refresh: Refresh, store: Store, first: date | None, last: date | None, expected: list[str]
) -> None:
    assert (await refresh.run(first, last)).days == expected
    assert "find_days_with_late_events" not in dict(store.asked)


async def test_people_are_counted_anew_unless_the_day_had_its_last_count(
    refresh: Refresh, store: Store
) -> None:
    store.found = {"find_uncounted_days": [day(1, 10)]}
    await refresh.run(date(2026, 9, 30), date(2026, 10, 1))
    thawed = [moments["thawed"] for name, moments in store.given if name == "refresh_active_users"]
    assert thawed == [day(1, 10), day(5, 10)]


def _later(clock: Clock) -> Callable[[], None]:
    def wait() -> None:
        clock.now += 100

    return wait


async def test_what_the_time_does_not_suffice_for_remains(
    refresh: Refresh, store: Store, clock: Clock
) -> None:
    store.then = _later(clock)
    report = await refresh.run(date(2026, 11, 20))
    assert (report.days, report.failed) == ([], "")
    assert report.remaining == [Stretch(date(2026, 11, 20), date(2026, 11, 22), frozen=False)]
    assert "record_refresh" not in dict(store.changed)


@pytest.mark.parametrize(
    "failing",
    [
        "find_uncounted_days",
        "find_days_with_late_events",
        "find_days_with_double_rollups",
        *ROLLUPS,
    ],
)
async def test_a_failure_ends_the_run(refresh: Refresh, store: Store, failing: str) -> None:
    store.failing = {failing}
    report = await refresh.run()
    assert (report.failed, report.days) == (failing, [])
    assert "record_refresh" not in dict(store.changed)


async def test_rows_that_two_runs_inserted_at_once_are_replaced(
    refresh: Refresh, store: Store
) -> None:
    store.found = {"find_days_with_double_rollups": [day(22)]}
    await refresh.run(date(2026, 11, 22))
    assert [name for name, _ in store.changed] == [*ROLLUPS, *ROLLUPS, "record_refresh"]
