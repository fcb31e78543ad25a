"""An erasure changes no numbers of people on days that ended before the request."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from google.cloud import bigquery

from functions.privacy.records.receipts import Receipts
from functions.privacy.sweep.job import Sweep
from functions.privacy.sweep.open_days import OpenDays
from functions.privacy.sweep.search import Search
from tests.fakes.statements import WatchedStatements
from tests.sql import new_year
from tests.sql.new_year import NOW, TODAY, WAREHOUSE, query
from tests.sql.stand_in import StandIn
from tests.sql.sweeping import erasure, event, ledger_of

pytestmark = pytest.mark.cell

DAY = timedelta(days=1)
FIRST = TODAY - 35 * DAY
PEOPLE = {
    "active_users_v1": "*",
    "daily_v1": "project, day, active_users, senders, started, opened, accepted, sent_message",
    "rooms_daily_v1": "project, day, room_id, active_users, senders",
    "room_people_v1": "*",
    "cohorts_v1": "*",
}
DAY_OF = {"cohorts_v1": "DATE_ADD(week, INTERVAL 6 DAY)"}


def numbers(client: bigquery.Client, before: Any = TODAY) -> dict[str, list[dict[str, Any]]]:
    """Return the numbers of people for the days and weeks before a day, by table."""
    found = {}
    for table, columns in PEOPLE.items():
        where = f"{DAY_OF.get(table, 'day')} < '{before}'"
        sql = f"SELECT {columns} FROM `{WAREHOUSE.store}.{table}` WHERE {where}"
        found[table] = sorted(query(client, sql), key=repr)
    return found


async def sweep(rest: str, now: datetime = NOW) -> None:
    watched = WatchedStatements("privacy", rest, WAREHOUSE)
    nightly = WatchedStatements("operate", rest, WAREHOUSE)
    ledger = ledger_of(watched, rest)
    sweep = Sweep(
        watched,
        Receipts(watched, lambda: now),
        Search(ledger, WAREHOUSE.retention_days),
        OpenDays(nightly, lambda: now, WAREHOUSE.retention_days, seconds=60),
        (),
        now=lambda: now,
        clock=lambda: 0.0,
        seconds=1,
    )
    report = await sweep.run()
    assert (report.finished, len(report.executed)) == (True, 1)


def traffic() -> list[dict[str, Any]]:
    steps = ("session_started", "room_opened", "agreement_accepted", "message_sent")
    return [
        event(f"{user} {ago} {name}", user, NOW - ago * DAY, event=name, room_id="r1", flags=[])
        for user, days in {"ann": range(30), "bob": range(0, 30, 3), "cat": [20]}.items()
        for ago in days
        for name in steps
    ] + [event("alone", "ann", NOW - 4 * DAY, room_id="r2", project="shop", flags=[])]


def at_once(treatment: str) -> list[dict[str, Any]]:
    """Return an immediate erasure of ann for each of two projects."""
    given = {"mode": "immediate", "due_at": NOW.isoformat(), "treatment": treatment}
    return [erasure("ann", NOW, project=project, **given) for project in ("dev", "shop")]


@pytest.mark.soak
@pytest.mark.parametrize("treatment", ["anonymise", "delete"])
async def test_people_stay_counted(
    as_of_new_year: bigquery.Client, stand_in: StandIn, treatment: str
) -> None:
    client = as_of_new_year
    new_year.insert(client, "events_v1", traffic())
    await new_year.refresh(stand_in.rest, FIRST)
    truth = numbers(client)
    assert truth["active_users_v1"][-1]["mau"] == 1  # the row of the other project
    for table in PEOPLE:  # as if the refreshes of the last nights had failed
        day = "week" if table == "cohorts_v1" else "day"
        where = f"{day} >= '{TODAY - 6 * DAY}'"
        client.query(f"DELETE FROM `{WAREHOUSE.store}.{table}` WHERE {where}").result()
    client.query(
        f"UPDATE `{WAREHOUSE.store}.runs_v1` SET last_day = '{TODAY - 7 * DAY}' WHERE TRUE"
    ).result()
    new_year.insert(client, "erasures_v1", at_once(treatment))
    await sweep(stand_in.rest)
    assert not query(client, "SELECT * FROM events WHERE user_key = 'ann'")
    for _ in range(2):
        await new_year.refresh(stand_in.rest, FIRST)
        assert numbers(client) == truth


@pytest.mark.soak
async def test_an_anonymised_person_counts_once_a_day_and_other_people_still_count(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    client = as_of_new_year
    new_year.insert(client, "events_v1", traffic())
    await new_year.refresh(stand_in.rest, FIRST)
    new_year.insert(client, "erasures_v1", at_once("anonymise"))
    await sweep(stand_in.rest)
    await new_year.refresh(stand_in.rest, FIRST)
    spans = "dau, wau, mau, calendar_week, active_90_days, active_6_months, senders_6_months"
    found = query(
        client,
        f"SELECT {spans} FROM `{WAREHOUSE.store}.active_users_v1`"
        f" WHERE project = 'dev' AND day = '{TODAY}'",
    )
    assert [list(row.values()) for row in found] == [[2, 2, 3, 2, 3, 3, 3]]
    await new_year.refresh(stand_in.rest, FIRST, now=NOW + DAY)
    cohorts = query(
        client,
        f"SELECT SUM(people) AS people FROM `{WAREHOUSE.store}.cohorts_v1`"
        " WHERE week = cohort_week AND project = 'dev'",
    )
    assert cohorts == [{"people": 3}]  # a person with a key for each day counts only once
    # Late events are counted on a day whose numbers may not fall.
    day = TODAY - DAY
    late = [event(f"late {user}", user, NOW - DAY, flags=[]) for user in ("dan", "eve")]
    new_year.insert(client, "events_v1", late)
    await new_year.refresh(stand_in.rest, FIRST)
    of_day = f"WHERE project = 'dev' AND day = '{day}'"
    [active] = query(client, f"SELECT dau, wau FROM `{WAREHOUSE.store}.active_users_v1` {of_day}")
    [daily] = query(client, f"SELECT active_users FROM `{WAREHOUSE.store}.daily_v1` {of_day}")
    assert (active["dau"], daily["active_users"]) == (3, 3)
    assert active["wau"] >= 3
