"""When a sweep searches all days, and when only those with news."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from functions.privacy.erasures.restored_tables import Restored
from functions.privacy.erasures.scope import Scope, Scopes
from functions.privacy.periods import REMEMBERED, TOMBSTONE
from functions.privacy.sweep.search import BEFORE_ALL, Search
from functions.privacy.sweep.work import Work
from functions.warehouse.days import DAY
from functions.warehouse.late_days import OVERLAP
from functions.warehouse.ledger import Ledger
from tests.fakes.statements import Statements
from tests.unit.operate.stand_ins import noted, ran
from tests.unit.privacy.stand_ins import scope

NOW = datetime(2026, 11, 22, 12, 20, tzinfo=UTC)
TODAY = NOW.date()
HOUR = timedelta(hours=1)
SINCE = NOW - HOUR
NOTHING = Work(0, 0, 0, 0, 0, 0, None, None, 0, None)


def with_news(*rows: dict[str, Any]) -> Statements:
    """Return statements of which the ledger's query finds rows; by default, sweeps ran."""
    statements = Statements("operate", rows=None)
    statements.answers["find_news"] = rows or (ran("sweep", SINCE), ran("full_sweep", NOW - DAY))
    return statements


def search_in(statements: Statements) -> Search:
    return Search(Ledger(statements, 215), 215)


def tombstone(**changed: Any) -> Scope:
    cut_off = NOW - 40 * DAY
    done: dict[str, Any] = {
        "status": "executed",
        "cut_off": cut_off,
        "executed_at": cut_off + 29 * DAY,
    }
    return scope("ann")._replace(**(done | changed))


async def test_days_with_news_are_searched() -> None:
    late = noted(TODAY - 3 * DAY, NOW - 2 * HOUR)
    before = noted(TODAY - 4 * DAY, NOW - 3 * HOUR)
    search = search_in(with_news(ran("sweep", SINCE), ran("full_sweep", NOW - DAY), late, before))
    chosen = await search.choose(Scopes([tombstone()]), NOTHING, None, NOW)
    assert chosen.days.for_scope == {TODAY - 3 * DAY}
    assert not chosen.days.are_all
    assert chosen.stored_before == SINCE - OVERLAP


@pytest.mark.parametrize(
    ("news", "stored_before"),
    [
        ([ran("sweep", SINCE)], SINCE - OVERLAP),
        ([ran("sweep", SINCE), ran("full_sweep", NOW - 7 * DAY)], SINCE - OVERLAP),
        ([ran("full_sweep", NOW - 7 * DAY)], NOW - 7 * DAY - OVERLAP),
        ([noted(TODAY, NOW)], BEFORE_ALL),
    ],
)
async def test_all_days_are_searched_once_a_week_and_by_the_first_sweep(
    news: list[dict[str, Any]], stored_before: datetime
) -> None:
    search = search_in(with_news(*news))
    chosen = await search.choose(Scopes([tombstone()]), NOTHING, None, NOW)
    assert chosen.days.are_all
    assert min(chosen.days.for_scope) == TODAY - REMEMBERED
    assert chosen.stored_before == stored_before


async def test_all_days_are_searched_while_an_erasure_is_executed() -> None:
    scopes = Scopes([tombstone(), scope("bob")._replace(executed_at=None)])
    chosen = await search_in(with_news()).choose(scopes, NOTHING, None, NOW)
    assert min(chosen.days.for_scope) == TODAY - 216 * DAY
    assert chosen.stored_before == SINCE - OVERLAP


@pytest.mark.parametrize(
    ("scopes", "work", "restored", "first"),
    [
        ([tombstone()], NOTHING._replace(hold_ended_at=SINCE - OVERLAP), None, REMEMBERED),
        (
            [tombstone(executed_at=NOW - TOMBSTONE - HOUR)],
            NOTHING._replace(hold_ended_at=SINCE),
            None,
            216 * DAY,
        ),
        ([tombstone(cut_off=SINCE, executed_at=NOW - DAY)], NOTHING, None, REMEMBERED),
        ([tombstone()], NOTHING, Restored(NOW - DAY, NOW, "ops@cell.example"), REMEMBERED),
    ],
)
async def test_all_days_are_searched_where_old_rows_may_be_in_scope_now(
    scopes: list[Scope], work: Work, restored: Restored | None, first: timedelta
) -> None:
    chosen = await search_in(with_news()).choose(Scopes(scopes), work, restored, NOW)
    assert chosen.days.are_all
    assert min(chosen.days.for_scope) == TODAY - first
    assert chosen.stored_before == BEFORE_ALL, "nothing of that was missed"


@pytest.mark.parametrize(
    ("scopes", "work"),
    [
        ([tombstone()], NOTHING._replace(hold_ended_at=SINCE - OVERLAP - HOUR)),
        ([tombstone(cut_off=NOW - 5 * HOUR, executed_at=NOW - DAY)], NOTHING),
        # It expires now, or a repeated request keeps it longer.
        ([tombstone(executed_at=NOW - TOMBSTONE - HOUR)], NOTHING),
    ],
)
async def test_a_change_that_the_last_sweep_saw_is_no_news(scopes: list[Scope], work: Work) -> None:
    chosen = await search_in(with_news()).choose(Scopes(scopes), work, None, NOW)
    assert (chosen.days.for_scope, chosen.days.are_all) == (frozenset(), False)


async def test_a_finished_sweep_is_recorded_as_what_it_was() -> None:
    statements = with_news()
    search = search_in(statements)
    few = await search.choose(Scopes([tombstone()]), NOTHING, None, NOW)
    due = Scopes([scope("bob")._replace(executed_at=None)])
    every = await search.choose(due, NOTHING, None, NOW)
    for chosen in (few, every):
        await search.record(chosen.days, NOW, NOW + HOUR)
    recorded = [(given["job"], given["first"]) for _, given in statements.changes]
    assert recorded == [
        ("sweep", datetime(2026, 11, 22, tzinfo=UTC)),
        ("full_sweep", datetime(2026, 4, 20, tzinfo=UTC)),
    ]


async def test_days_are_noted_whose_numbers_an_erasure_changes() -> None:
    statements = with_news()
    erased = [TODAY, TODAY - 8 * DAY, TODAY - 9 * DAY]
    await search_in(statements).note_changes(erased, [TODAY - 30 * DAY], NOW)
    days = ["2026-10-23", "2026-11-14", "2026-11-22"]
    given = {"days": days, "reason": "changed", "noted_at": NOW}
    assert statements.changes == [("note_days", given)]


async def test_the_days_of_restored_tables_are_noted() -> None:
    statements = with_news()
    await search_in(statements).note_restored(Restored(NOW - DAY, NOW, "ops@cell.example"), NOW)
    [(name, given)] = statements.changes
    assert (name, given["reason"]) == ("note_days", "late")
    noted_days = [date.fromisoformat(str(day)) for day in given["days"]]  # type: ignore[union-attr]
    assert noted_days == [TODAY - number * DAY for number in range(11, -1, -1)]
