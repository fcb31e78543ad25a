import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from functions.events.coerce import to_microseconds
from functions.load.connection import AppendFailed
from functions.load.late import LateDays, is_late
from functions.load.row import Row

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Table:
    """A table that stores rows once `may_store` is set, or fails."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.fails: Exception | None = None
        self.may_store = asyncio.Event()
        self.may_store.set()

    async def store(self, row: Row) -> None:
        await self.may_store.wait()
        if self.fails:
            raise self.fails
        self.rows.append(row)


async def note(late_days: LateDays, received_at: datetime, now: datetime = NOW) -> None:
    await late_days.note(to_microseconds(received_at), to_microseconds(now))


@pytest.mark.parametrize(
    "age", [timedelta(hours=1), timedelta(minutes=1), timedelta(), timedelta(days=-1)]
)
def test_a_row_comes_on_time_within_an_hour(age: timedelta) -> None:
    assert not is_late(to_microseconds(NOW - age), to_microseconds(NOW))


@pytest.mark.parametrize("age", [timedelta(hours=1, microseconds=1), timedelta(days=200)])
def test_a_row_comes_late_after_an_hour(age: timedelta) -> None:
    assert is_late(to_microseconds(NOW - age), to_microseconds(NOW))


async def test_a_day_is_noted_once_in_ten_minutes() -> None:
    table = Table()
    late_days = LateDays(table.store)
    for minutes in (0, 1, 9):
        await note(late_days, NOW - timedelta(days=3, hours=minutes), NOW + minutes * MINUTE)
    assert table.rows == [
        {"noted_at": to_microseconds(NOW), "day": (NOW.date().toordinal() - 719_163) - 3}
        | {"reason": "late"}
    ]
    await note(late_days, NOW - timedelta(days=3), NOW + 10 * MINUTE)
    await note(late_days, NOW - timedelta(days=4), NOW + 10 * MINUTE)
    assert len(table.rows) == 3


async def test_a_clock_that_steps_back_does_not_stretch_the_ten_minutes() -> None:
    table = Table()
    late_days = LateDays(table.store)
    await note(late_days, NOW - timedelta(days=1), NOW)
    await note(late_days, NOW - timedelta(days=1), NOW - 5 * MINUTE)
    assert len(table.rows) == 1
    await note(late_days, NOW - timedelta(days=1), NOW - 10 * MINUTE)
    assert len(table.rows) == 2


async def test_deliveries_of_one_day_wait_for_one_note() -> None:
    table = Table()
    table.may_store.clear()
    late_days = LateDays(table.store)
    waiting = [asyncio.ensure_future(note(late_days, NOW - timedelta(days=2))) for _ in range(50)]
    other = asyncio.ensure_future(note(late_days, NOW - timedelta(days=3)))
    await asyncio.sleep(0)
    assert not any(each.done() for each in [*waiting, other])
    waiting[0].cancel()  # the delivery that began the note
    table.may_store.set()
    await asyncio.gather(*waiting[1:], other)
    assert len(table.rows) == 2


async def test_a_note_that_failed_is_tried_again() -> None:
    table = Table()
    table.fails = AppendFailed("UNAVAILABLE")
    late_days = LateDays(table.store)
    tried = await asyncio.gather(
        *(note(late_days, NOW - timedelta(days=2)) for _ in range(3)), return_exceptions=True
    )
    assert [type(each) for each in tried] == [AppendFailed] * 3
    table.fails = None
    await note(late_days, NOW - timedelta(days=2))
    assert len(table.rows) == 1
