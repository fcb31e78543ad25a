"""A refresh fills the rollups. Repeated runs, and runs at the same time, do no harm."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from google.cloud import bigquery

from tests.sql import new_year
from tests.sql.new_year import NOW, TODAY, WAREHOUSE, query
from tests.sql.stand_in import StandIn
from tests.sql.sweeping import erasure

pytestmark = pytest.mark.cell

DAY = timedelta(days=1)
ROLLUPS = {
    "active_days_v1": "project, day, user_key, until",
    "daily_v1": "project, day",
    "active_users_v1": "project, day",
    "rooms_daily_v1": "project, day, room_id",
    "room_people_v1": "project, day, room_id",
    "cohorts_v1": "project, cohort_week, week",
}


def event(number: int, day: date, user: str = "ann", **other: Any) -> dict[str, Any]:
    at = f"{day}T10:00:00Z"
    return {
        "ingest_id": f"i{number}",
        "delivery_id": f"d{number}",
        "received_at": at,
        "stored_at": at,
        "kind": "chat",
        "partner": "acme",
        "project": "dev",
        "event": "message_sent",
        "catalogued": True,
        "room_id": "r1",
        "user_key": user,
    } | other


def rows(client: bigquery.Client, table: str) -> list[dict[str, Any]]:
    key = ROLLUPS[table]
    return query(client, f"SELECT * FROM `{WAREHOUSE.store}.{table}` ORDER BY {key}")


def everything(client: bigquery.Client) -> dict[str, list[dict[str, Any]]]:
    return {table: rows(client, table) for table in ROLLUPS}


@pytest.mark.soak
async def test_a_repeated_run_and_runs_that_meet_leave_the_same_rows(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    client = as_of_new_year
    events = [event(number, TODAY - number % 9 * DAY, f"u{number % 7}") for number in range(60)]
    title: dict[str, Any] = {"kind": "room", "event": "room_created", "room": {"name": "Final"}}
    new_year.insert(client, "events_v1", [*events, event(90, TODAY, "ann", **title)])
    first = TODAY - 8 * DAY
    await new_year.refresh(stand_in.rest, first)
    once = everything(client)
    assert sum(row["events"] for row in once["daily_v1"]) == 60
    assert {row["name"] for row in once["rooms_daily_v1"]} == {"Final"}
    await asyncio.gather(*(new_year.refresh(stand_in.rest, first) for _ in range(3)))
    assert everything(client) == once


@pytest.mark.soak
async def test_rows_that_two_runs_inserted_at_once_are_repaired(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    client = as_of_new_year
    old = TODAY - 30 * DAY
    new_year.insert(client, "events_v1", [event(1, TODAY), event(2, old)])
    for day in (old, TODAY):
        await new_year.refresh(stand_in.rest, day, day)
    once = everything(client)
    for table in ROLLUPS:
        name = f"`{WAREHOUSE.store}.{table}`"
        client.query(f"INSERT INTO {name} SELECT * FROM {name}").result()
    for day in (old, TODAY):
        await new_year.refresh(stand_in.rest, day, day)
    assert everything(client) == once


@pytest.mark.soak
async def test_people_on_settled_days_are_not_counted_again(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    client = as_of_new_year
    old = TODAY - 30 * DAY
    new_year.insert(client, "events_v1", [event(1, old), event(2, old, "bob"), event(3, TODAY)])
    await new_year.refresh(stand_in.rest, old)
    before = everything(client)
    # Erasures delete one person, and give another a key for each day. A replay brings a third.
    events = f"`{WAREHOUSE.store}.events_v1`"
    since = f"received_at >= '{old}'"
    client.query(f"DELETE FROM {events} WHERE {since} AND user_key = 'bob'").result()
    client.query(f"UPDATE {events} SET user_key = ingest_id WHERE {since}").result()
    new_year.insert(client, "events_v1", [event(4, old, "cat"), event(5, old, "cat")])
    await new_year.refresh(stand_in.rest, old, old)
    after = everything(client)
    assert after["active_users_v1"] == before["active_users_v1"]
    assert after["room_people_v1"] == before["room_people_v1"]
    assert after["cohorts_v1"] == before["cohorts_v1"]
    assert [row["messages"] for row in after["daily_v1"]] == [3, 1]


@pytest.mark.soak
async def test_a_run_finds_the_days_to_refresh(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    client = as_of_new_year
    old = TODAY - 40 * DAY
    new_year.insert(
        client, "events_v1", [event(1, old), event(2, TODAY - 9 * DAY), event(3, TODAY)]
    )
    # The first run of a cell refreshes all days within the retention.
    report = await new_year.refresh(stand_in.rest)
    assert len(report.days) == WAREHOUSE.retention_days
    assert len(rows(client, "daily_v1")) == 3
    # A later run refreshes today, and days to which a replay has just brought events.
    new_year.insert(client, "events_v1", [event(4, old, stored_at=NOW.isoformat())])
    note = {"noted_at": NOW.isoformat(), "day": str(old), "reason": "late"}
    new_year.insert(client, "late_days_v1", [note])
    report = await new_year.refresh(stand_in.rest)
    assert report.days == [str(old), str(TODAY)]
    assert [row["events"] for row in rows(client, "daily_v1")] == [2, 1, 1]
    # After nights without a run, the days that have left the open window meanwhile are refreshed.
    report = await new_year.refresh(stand_in.rest, now=NOW + 3 * DAY)
    assert str(TODAY - 9 * DAY) not in report.days
    assert {str(TODAY - number * DAY) for number in (8, 7, 6)} <= set(report.days)


async def test_a_second_run_without_news_changes_no_row_and_reads_today_only(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    client = as_of_new_year
    events = [event(number, TODAY - number * DAY, f"u{number}") for number in range(4)]
    new_year.insert(client, "events_v1", events)
    await new_year.refresh(stand_in.rest)
    once = everything(client)
    # An event of yesterday without a note: only a run that reads yesterday would count it.
    new_year.insert(client, "events_v1", [event(9, TODAY - DAY, "unnoticed")])
    report = await new_year.refresh(stand_in.rest)
    assert report.days == [str(TODAY)]
    assert everything(client) == once


@pytest.mark.soak
async def test_an_erasure_that_is_taken_back_is_counted_out_of_the_day_of_its_cut_off(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    """While hidden, the person counts twice on the day of the cut-off: before and after it."""
    client = as_of_new_year
    day = TODAY - 3 * DAY
    morning, evening = (
        event(number, day, received_at=f"{day}T{number}:00:00Z") for number in (10, 20)
    )
    new_year.insert(client, "events_v1", [morning, evening])
    cut_off = datetime.combine(day, time(12), UTC)
    new_year.insert(client, "erasures_v1", [erasure("ann", cut_off)])
    await new_year.refresh(stand_in.rest)
    [before] = rows(client, "daily_v1")
    assert before["active_users"] == 2
    client.query(
        f"UPDATE `{WAREHOUSE.store}.erasures_v1`"
        f" SET status = 'restored', restored_at = '{NOW}' WHERE TRUE"
    ).result()
    report = await new_year.refresh(stand_in.rest, now=NOW + DAY / 24)
    assert report.days == [str(day), str(TODAY)]
    [after] = rows(client, "daily_v1")
    assert after["active_users"] == 1
    assert len(rows(client, "active_days_v1")) == 1


async def test_rollups_of_days_without_stored_events_stay(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    client = as_of_new_year
    gone = TODAY - 300 * DAY
    insert = (
        f"INSERT INTO `{WAREHOUSE.store}.cohorts_v1` (partner, project, cohort_week, week, people)"
        f" VALUES ('acme', 'dev', '{gone}', '{gone}', 7)"
    )
    client.query(insert).result()
    report = await new_year.refresh(stand_in.rest, gone, gone)
    assert (report.days, len(rows(client, "cohorts_v1"))) == ([], 1)
