from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from functions.warehouse.late_days import LATE, OVERLAP, REMEMBERED_NOTE, on_time_from
from functions.warehouse.ledger import Ledger
from tests.fakes.statements import Statements
from tests.unit.operate.stand_ins import noted, ran

NOW = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def with_news(*rows: dict[str, Any]) -> Statements:
    """Return statements in which the ledger's query finds these rows."""
    statements = Statements("operate")
    statements.answers["find_news"] = rows
    return statements


def test_the_overlap_covers_what_load_remembers_and_clocks_that_differ() -> None:
    assert REMEMBERED_NOTE + timedelta(minutes=10) <= OVERLAP


@pytest.mark.parametrize(
    ("ran_at", "first"),
    [
        (NOW, date(2026, 11, 21)),
        (NOW + LATE, date(2026, 11, 21)),
        (NOW + LATE + OVERLAP, date(2026, 11, 22)),
    ],
)
def test_rows_come_on_time_to_the_days_of_the_last_two_hours_before_a_run(
    ran_at: datetime, first: date
) -> None:
    assert on_time_from(ran_at) == first


async def test_late_days_are_those_noted_since_an_hour_before_a_run() -> None:
    days = [date(2026, 11, number) for number in (1, 2, 3, 4)]
    statements = with_news(
        noted(days[0], NOW - HOUR),
        noted(days[1], NOW - HOUR - timedelta(microseconds=1)),
        noted(days[2], NOW, "changed"),
        noted(days[3], NOW + HOUR),
        ran("sweep", NOW),
        ran("settle", NOW - DAY),
    )
    news = await Ledger(statements, 215).news(NOW)
    assert news.runs == {"sweep": NOW, "settle": NOW - DAY}
    assert news.late_days(news.runs["sweep"]) == {days[0], days[3]}
    assert news.late_days(news.runs["settle"]) == {days[0], days[1], days[3]}
    assert news.late_days(None) == {days[0], days[1], days[3]}
    assert statements.runs == [("find_news", {"oldest": NOW - 215 * DAY})]


async def test_days_are_noted_once_each_and_none_is_no_statement() -> None:
    statements = with_news()
    ledger = Ledger(statements, 215)
    await ledger.note([], "changed", NOW)
    assert statements.runs == []
    await ledger.note([NOW.date(), NOW.date() - DAY, NOW.date()], "changed", NOW)
    parameters = {"days": ["2026-11-21", "2026-11-22"], "reason": "changed", "noted_at": NOW}
    assert statements.runs == [("note_days", parameters)]


async def test_a_run_is_recorded_with_the_days_that_it_covered() -> None:
    statements = with_news()
    await Ledger(statements, 215).record("settle", NOW, NOW + HOUR, NOW.date() - DAY, NOW.date())
    [(name, parameters)] = statements.runs
    assert (name, parameters["job"], parameters["started_at"]) == ("record_run", "settle", NOW)
    assert (parameters["first"], parameters["end"]) == (
        datetime(2026, 11, 21, tzinfo=UTC),
        datetime(2026, 11, 23, tzinfo=UTC),
    )
