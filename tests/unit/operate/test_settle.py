from datetime import UTC, date, datetime

import pytest

from functions.operate.settle import Settle, SettleScope
from functions.warehouse.days import ranges
from tests.fakes.clock import Clock
from tests.fakes.statements import Statements
from tests.unit.operate.stand_ins import changed, noted, ran, recorded, searches

TODAY = date(2026, 11, 22)


def day(number: int, month: int = 11) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


def scope(*late: date, since: date = date(2026, 11, 21)) -> SettleScope:
    return SettleScope(frozenset(late), since, date(2026, 10, 22))


def test_copies_are_looked_for_on_the_days_since_the_last_run() -> None:
    assert ranges(scope().days_with_copies(TODAY)) == [(day(21), day(23))]


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        # Later copies of a late event are at most as many days after it as the open window has.
        ([date(2026, 10, 1)], [(day(1, 10), day(10, 10)), (day(21), day(23))]),
        ([date(2026, 11, 14)], [(day(14), day(23))]),
        ([date(2026, 11, 22)], [(day(21), day(23))]),
        ([date(2026, 11, 23), date.max], [(day(21), day(23))]),
        (
            [date(2026, 10, 1), date(2026, 10, 3), date(2026, 10, 3)],
            [(day(1, 10), day(12, 10)), (day(21), day(23))],
        ),
    ],
)
def test_late_days_are_looked_at_with_those_after_them(
    late: list[date], expected: list[tuple[datetime, datetime]]
) -> None:
    assert ranges(scope(*late).days_with_copies(TODAY)) == expected


def test_unknown_properties_are_looked_for_where_they_became_too_old() -> None:
    late = [date(2026, 10, 23), date(2026, 10, 20), date(2026, 11, 20)]
    assert ranges(scope(*late).days_with_extra(TODAY)) == [
        (day(20, 10), day(21, 10)),
        (day(22, 10), day(23, 10)),
    ]


async def test_a_run_looks_at_what_came_since_the_last_finished_run(
    settle: Settle, statements: Statements
) -> None:
    statements.answers["find_news"] = [
        ran("settle", datetime(2026, 11, 21, 1, 30, tzinfo=UTC)),
        ran("sweep", day(22)),
        noted(date(2026, 10, 1), day(22)),
        noted(date(2026, 9, 1), day(22), "changed"),
        noted(date(2026, 8, 1), day(20)),
    ]
    assert (await settle.run()).remaining == 0
    assert searches(statements) == [
        ("find_days_with_copies", {"first": day(20), "end": day(23)}),
        ("find_days_with_copies", {"first": day(1, 10), "end": day(10, 10)}),
        ("find_days_with_extra", {"first": day(21, 10), "end": day(23, 10)}),
        ("find_days_with_extra", {"first": day(1, 10), "end": day(2, 10)}),
    ]
    assert recorded(statements) == [("settle", "11-20", "11-23")]


async def test_the_first_run_looks_at_everything_that_views_hide(
    settle: Settle, statements: Statements
) -> None:
    await settle.run()
    assert searches(statements) == [
        ("find_days_with_copies", {"first": day(13), "end": day(23)}),
        ("find_days_with_extra", {"first": day(20, 4), "end": day(23, 10)}),
    ]


async def test_only_days_with_something_to_do_are_changed(
    settle: Settle, statements: Statements
) -> None:
    statements.answers = {
        "find_days_with_copies": [day(22), day(14)],
        "find_days_with_extra": [day(1, 9)],
    }
    report = await settle.run()
    assert changed(statements) == [
        ("delete_copies", "11-22"),
        ("delete_room_copies", "11-22"),
        ("delete_copies", "11-14"),
        ("delete_room_copies", "11-14"),
        ("merge_identities", "11-22"),
        ("clear_extra", "09-01"),
        ("clear_room_extra", "09-01"),
    ]
    assert (report.copies, report.identities, report.emptied) == (4, 1, 2)
    assert (report.days, report.remaining) == (["2026-11-22", "2026-11-14"], 0)


async def test_days_with_copies_are_noted(settle: Settle, statements: Statements) -> None:
    statements.answers["find_days_with_copies"] = [day(22), day(1, 10)]
    await settle.run()
    [note] = [given for name, given in statements.changes if name == "note_days"]
    assert (note["reason"], note["days"]) == ("changed", ["2026-10-01", "2026-11-22"])


async def test_days_for_which_the_time_is_too_short_remain(
    settle: Settle, statements: Statements, clock: Clock
) -> None:
    statements.answers = {"find_days_with_copies": [day(22), day(14)]}
    statements.after_change = clock.passing(120)
    report = await settle.run()
    assert (report.days, report.remaining, report.failed) == (["2026-11-22"], 4, "")


@pytest.mark.parametrize(
    ("failing", "failed", "remaining"),
    [
        ("find_news", "find_news", 1),
        ("find_days_with_copies", "find_days_with_copies", 1),
        ("find_days_with_extra", "find_days_with_extra", 1),
        ("note_days", "note_days", 1),
        ("delete_copies", "delete_copies", 3),
        ("delete_room_copies", "delete_room_copies", 2),
        ("merge_identities", "merge_identities", 1),
        ("record_run", "record_run", 1),
    ],
)
async def test_a_failure_ends_the_run(
    settle: Settle, statements: Statements, failing: str, failed: str, remaining: int
) -> None:
    statements.answers = {"find_days_with_copies": [day(22)]}
    statements.failing = {failing}
    report = await settle.run()
    assert (report.failed, report.remaining) == (failed, remaining)
    assert recorded(statements) == []
