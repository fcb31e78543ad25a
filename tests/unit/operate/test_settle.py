from datetime import UTC, date, datetime

import pytest

from functions.operate.settle import Settle, ranges
from tests.fakes.clock import Clock
from tests.unit.operate.stand_ins import Store

TODAY = date(2026, 11, 22)


def day(number: int, month: int = 11) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


def test_the_open_window_and_the_day_that_left_it_are_looked_at() -> None:
    assert ranges([], TODAY) == [(day(13), day(23))]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        # From a replayed day on, later copies lie at most as far away as the window is long.
        ([date(2026, 10, 1)], [(day(13), day(23)), (day(1, 10), day(10, 10))]),
        ([date(2026, 11, 4)], [(day(4), day(23))]),
        ([date(2026, 11, 22)], [(day(13), day(23))]),
        ([date(2026, 11, 23), date.max], [(day(13), day(23))]),
        (
            [date(2026, 10, 1), date(2026, 10, 3), date(2026, 10, 3)],
            [(day(13), day(23)), (day(1, 10), day(12, 10))],
        ),
    ],
)
def test_replayed_days_are_looked_at_with_those_after_them(
    days: list[date], expected: list[tuple[datetime, datetime]]
) -> None:
    assert ranges(days, TODAY) == expected


async def test_only_days_with_something_to_do_are_changed(settle: Settle, store: Store) -> None:
    store.found = {"find_days_with_copies": [day(22), day(14)], "find_days_with_extra": [day(1, 9)]}
    report = await settle.run()
    assert store.changed == [
        ("delete_copies", "11-22"),
        ("delete_copies", "11-14"),
        ("merge_identities", "11-22"),
        ("clear_extra", "09-01"),
    ]
    assert (report.copies, report.identities, report.emptied) == (2, 1, 1)
    assert (report.days, report.remaining) == (["2026-11-22", "2026-11-14"], 0)
    assert ("find_days_with_extra", {"end": day(23, 10)}) in store.asked


async def test_what_the_time_does_not_suffice_for_remains(
    settle: Settle, store: Store, clock: Clock
) -> None:
    store.found = {"find_days_with_copies": [day(22), day(14)]}

    def wait() -> None:
        clock.now += 240

    store.then = wait
    report = await settle.run()
    assert (report.days, report.remaining, report.failed) == (["2026-11-22"], 2, "")


@pytest.mark.parametrize(
    ("failing", "failed", "remaining"),
    [
        ("find_days_with_copies", "find", 1),
        ("find_days_with_extra", "find", 1),
        ("delete_copies", "delete_copies", 2),
        ("merge_identities", "merge_identities", 1),
    ],
)
async def test_a_failure_ends_the_run(
    settle: Settle, store: Store, failing: str, failed: str, remaining: int
) -> None:
    store.found = {"find_days_with_copies": [day(22)]}
    store.failing = {failing}
    report = await settle.run()
    assert (report.failed, report.remaining) == (failed, remaining)
