"""A sweep searches only days with news, and sometimes all days."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from functions.privacy.erasures.restored_tables import Restored
from functions.privacy.erasures.scope import Scope, Scopes
from functions.privacy.periods import REMEMBERED, TOMBSTONE
from functions.privacy.sweep.search import BEFORE_ALL, Chosen, Search, Seen
from functions.privacy.sweep.work import Work
from functions.warehouse.days import DAY, each_day
from functions.warehouse.late_days import OVERLAP
from functions.warehouse.ledger import Ledger
from tests.fakes.statements import Statements
from tests.unit.operate.stand_ins import noted, ran, refreshed
from tests.unit.privacy.stand_ins import scope

NOW = datetime(2026, 11, 22, 12, 20, tzinfo=UTC)
TODAY = NOW.date()
HOUR = timedelta(hours=1)
SINCE = NOW - HOUR
NOTHING = Work(0, 0, 0, 0, 0, 0, None, None, 0, None)


def with_news(*rows: dict[str, Any]) -> Statements:
    """Return statements in which the ledger's query finds these rows; by default, two sweeps."""
    statements = Statements("operate", rows=None)
    statements.answers["find_news"] = rows or (ran("sweep", SINCE), ran("full_sweep", NOW - DAY))
    return statements


def search_in(statements: Statements) -> Search:
    return Search(Ledger(statements, 215), 215)


async def choose(
    statements: Statements,
    scopes: list[Scope],
    work: Work = NOTHING,
    restored: Restored | None = None,
    *,
    claim: str = "c",
    active: Collection[date] = (),
) -> Chosen:
    """Choose the days that a sweep searches, which claims erasures with this claim."""
    search = search_in(statements)
    seen = Seen(NOW, work, await search.news(NOW), claim)
    return search.choose(Scopes(scopes), seen, restored, NOW, active)


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
    statements = with_news(ran("sweep", SINCE), ran("full_sweep", NOW - DAY), late, before)
    chosen = await choose(statements, [tombstone()])
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
    chosen = await choose(with_news(*news), [tombstone()])
    assert chosen.days.are_all
    assert min(chosen.days.for_scope) == TODAY - REMEMBERED
    assert chosen.stored_before == stored_before


EVERY_DAY = each_day(TODAY - 300 * DAY, TODAY)
UP_TO_DATE = (
    ran("sweep", SINCE),
    ran("full_sweep", NOW - DAY),
    ran("settle", NOW - 2 * HOUR),
    *refreshed(EVERY_DAY, NOW - 2 * HOUR),
)
"""The ledger of a cell in which all days were refreshed and settled two hours ago."""


async def test_all_days_are_searched_for_an_execution_that_another_sweep_began() -> None:
    """The other sweep may have changed active days, but not yet the events."""
    scopes = [tombstone(), scope("bob")._replace(executed_at=None)]
    chosen = await choose(with_news(*UP_TO_DATE), scopes, claim="mine", active=[TODAY])
    assert min(chosen.days.for_scope) == TODAY - 216 * DAY
    assert chosen.stored_before == SINCE - OVERLAP


async def test_the_days_on_which_people_were_active_are_searched_and_those_with_news() -> None:
    cut_off = NOW - 28 * DAY
    due = scope("bob")._replace(executed_at=None, cut_off=cut_off)
    late, was_late = noted(TODAY - 50 * DAY, NOW), noted(TODAY - 60 * DAY, NOW - 4 * HOUR)
    settled = noted(TODAY - 55 * DAY, NOW, "changed")
    active = {TODAY - 30 * DAY, TODAY - 100 * DAY}
    chosen = await choose(
        with_news(*UP_TO_DATE, late, was_late, settled), [tombstone(), due], active=active
    )
    copies = {TODAY - number * DAY for number in range(42, 51)}
    assert chosen.days.for_scope == {
        *active, *copies, TODAY, TODAY - 28 * DAY, TODAY - 55 * DAY,
    }  # fmt: skip
    assert min(chosen.days.for_rooms) == TODAY - 216 * DAY
    assert not chosen.days.are_all
    assert TODAY - 20 * DAY in chosen.days.with_copies(Scopes([due]))


@pytest.mark.parametrize("missing", ["settle", "refresh"])
async def test_all_days_are_searched_if_active_days_may_know_nothing(missing: str) -> None:
    news = [row for row in UP_TO_DATE if row["job"] != missing]
    due = scope("bob")._replace(executed_at=None, cut_off=NOW - 28 * DAY)
    chosen = await choose(with_news(*news), [due])
    assert min(chosen.days.for_scope) == TODAY - 216 * DAY


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
    chosen = await choose(with_news(), scopes, work, restored)
    assert chosen.days.are_all
    assert min(chosen.days.for_scope) == TODAY - first
    assert chosen.stored_before == BEFORE_ALL, "none of these rows counts as missed"


@pytest.mark.parametrize(
    ("scopes", "work"),
    [
        ([tombstone()], NOTHING._replace(hold_ended_at=SINCE - OVERLAP - HOUR)),
        ([tombstone(cut_off=NOW - 5 * HOUR, executed_at=NOW - DAY)], NOTHING),
        # A tombstone that would have expired, but a repeated request keeps it.
        ([tombstone(executed_at=NOW - TOMBSTONE - HOUR)], NOTHING),
    ],
)
async def test_a_change_that_the_last_sweep_saw_does_not_count_as_news(
    scopes: list[Scope], work: Work
) -> None:
    chosen = await choose(with_news(), scopes, work)
    assert (chosen.days.for_scope, chosen.days.are_all) == (frozenset(), False)


async def test_a_finished_sweep_is_recorded_as_what_it_was() -> None:
    statements = with_news()
    search = search_in(statements)
    few = await choose(statements, [tombstone()])
    every = await choose(statements, [scope("bob")._replace(executed_at=None)], claim="mine")
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
