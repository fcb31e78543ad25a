"""Days are put together into stretches, and statements refresh each stretch."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.warehouse.ledger import News
from functions.warehouse.parameters import Parameter
from functions.warehouse.rollups import (
    OF_A_DAY,
    Stretch,
    find_days,
    open_days,
    replace,
    stretches,
)
from functions.warehouse.statements import StatementFailed
from tests.fakes.statements import Statements

HOUR = timedelta(hours=1)
THAWED = frozenset(date(2026, 11, number) for number in range(14, 23))
STRETCH = Stretch(date(2026, 11, 3), date(2026, 11, 3), frozen=True)


def day(number: int, month: int = 11) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


def test_a_stretch_says_which_weeks_it_touches() -> None:
    moments = Stretch(date(2026, 11, 14), date(2026, 11, 22), frozen=False).moments()
    assert moments == {
        "first": day(14),
        "end": day(23),
        "first_week": day(9),
        "end_week": day(23),
        "since": day(27, 4),
        "thawed": day(14),
    }


def test_of_a_frozen_stretch_no_week_is_counted_anew() -> None:
    moments = STRETCH.moments()
    assert (moments["first_week"], moments["end_week"]) == (day(2), day(9))
    assert moments["thawed"] == day(9)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([], []),
        ([22, 21], [(21, 22, False)]),
        # A frozen day before a thawed one, and a frozen day alone.
        ([14, 13, 11], [(11, 11, True), (13, 13, True), (14, 14, False)]),
    ],
)
def test_days_in_a_row_are_refreshed_together(
    wanted: list[int], expected: list[tuple[int, int, bool]]
) -> None:
    found = stretches([date(2026, 11, number) for number in wanted], THAWED)
    assert [(each.first.day, each.last.day, each.frozen) for each in found] == expected


@given(st.integers(0, 24 * 30), st.integers(0, 24 * 30))
def test_a_day_is_refreshed_once_more_when_it_has_left_the_open_window(
    hours_at: int, hours_now: int
) -> None:
    """A count within the open window may differ, because copies may still be stored then."""
    first = day(1)
    at, now = (first + hours * HOUR for hours in sorted((hours_at, hours_now)))
    was_open, is_open = (first.date() in open_days(moment) for moment in (at, now))
    found = find_days(News({}, refreshed={first.date(): at}), now, first.date())
    assert (first.date() in found.uncounted) == (was_open and not is_open)


def test_a_stretch_is_sixty_days_at_most() -> None:
    days = [date.fromordinal(date(2026, 1, 1).toordinal() + number) for number in range(130)]
    found = stretches(days, frozenset(days))
    assert [(each.last - each.first).days + 1 for each in found] == [60, 60, 10]


class SlowStatements(Statements):
    """Statements that take a turn of the event loop, and record when they begin and end."""

    def __init__(self, failing: str = "") -> None:
        super().__init__("operate")
        self.failing = {failing}
        self.begun: list[str] = []
        self.before = self.begun.append
        self.ended: list[str] = []

    async def change(self, name: str, **parameters: Parameter) -> int:
        await super().change(name, **parameters)
        await asyncio.sleep(0)
        assert self.begun[-1] == list(OF_A_DAY)[-1], "all statements run at the same time"
        self.ended.append(name)
        return len(parameters)


async def test_statements_that_do_not_need_each_other_run_at_the_same_time() -> None:
    statements = SlowStatements()
    assert await replace(statements, OF_A_DAY, STRETCH) == sum(map(len, OF_A_DAY.values()))
    assert statements.ended == list(OF_A_DAY)


async def test_a_failure_is_raised_when_the_other_statements_have_ended() -> None:
    statements = SlowStatements("refresh_daily")
    with pytest.raises(StatementFailed, match="refresh_daily"):
        await replace(statements, OF_A_DAY, STRETCH)
    assert len(statements.ended) == len(OF_A_DAY) - 1
