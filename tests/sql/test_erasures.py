"""Filing and restoring erasures changes tables and views as documented; so does the erasure log."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from google.cloud import bigquery

from tests.fakes.sweep import Sweep
from tests.sql import new_year
from tests.sql.new_year import NOW, WAREHOUSE, query
from tests.sql.privacy_desk import (
    OFFICER,
    PARTNER,
    Desk,
    key,
    open_desk,
)
from tests.sql.stand_in import StandIn

pytestmark = pytest.mark.cell

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def executor() -> Sweep:
    return Sweep()


@pytest.fixture
def desk(as_of_new_year: bigquery.Client, stand_in: StandIn, executor: Sweep) -> Desk:
    """The desk at the fixed moment of `new_year`: 3 January, at noon."""
    return open_desk(stand_in.rest, WAREHOUSE, NOW, executor)


def event(number: int, user: str, **other: Any) -> dict[str, Any]:
    at = (NOW - number * HOUR).isoformat()
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
        "user_key": key(user),
    } | other


def shown(client: bigquery.Client) -> dict[str, str]:
    """Return the user key that the view `events` shows for each ingest id."""
    rows = query(client, "SELECT ingest_id, user_key FROM events")
    return {row["ingest_id"]: row["user_key"] for row in rows}


def stored(client: bigquery.Client) -> list[dict[str, Any]]:
    name = f"{WAREHOUSE.store}.erasures_v1"
    return query(client, f"SELECT * FROM `{name}` ORDER BY user_key, cut_off, erasure_id")


async def test_a_person_is_hidden_as_soon_as_the_erasure_is_filed(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    client = as_of_new_year
    new_year.insert(client, "events_v1", [event(1, "ann"), event(2, "anne"), event(3, "bob")])
    answer = await desk.erase(["ann", "anne"])
    entry = answer.json()
    assert answer.status_code == 202
    assert (entry["status"], entry["mode"], entry["rows"]) == ("hidden", "grace", "delete")
    assert entry["due_at"] == (NOW + 28 * DAY).isoformat().replace("+00:00", "Z")
    assert entry["user_keys"] == {"hidden": 4}  # two ids, each with two versions of the key
    assert entry["receipts"][0]["people"] == 1
    assert entry["receipts"][0]["requested_by"] == OFFICER
    keys = shown(client)
    assert keys["i3"] == key("bob")
    assert len({keys["i1"], keys["i2"], key("ann"), key("anne")}) == 4
    assert {len(each) for each in keys.values()} == {32}


async def test_the_same_request_again_is_the_same_erasure(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    first = (await desk.erase("ann", "bob")).json()
    before = stored(as_of_new_year)
    desk.now += 5 * DAY
    again = (await desk.erase("ann", "bob")).json()
    assert again["erasure_id"] == first["erasure_id"]
    assert again["due_at"] == first["due_at"]
    assert [row["hidden_key"] for row in stored(as_of_new_year)] == [
        row["hidden_key"] for row in before
    ]
    # The cut-off is that of the last request, so events that came in between are in scope.
    assert {row["cut_off"] for row in stored(as_of_new_year)} == {NOW + 5 * DAY + HOUR / 3600}


async def test_a_repeated_request_writes_a_missing_receipt(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    first = (await desk.erase("ann", "bob")).json()
    name = f"`{WAREHOUSE.store}.receipts_v1`"
    as_of_new_year.query(f"DELETE FROM {name} WHERE TRUE").result()
    again = (await desk.erase("ann", "bob")).json()
    [receipt] = again["receipts"]
    assert receipt["receipt_id"] == f"{first['erasure_id']}/filed"
    assert receipt["people"] == 2


async def test_a_person_who_came_back_gets_a_new_erasure_for_later_events(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    client = as_of_new_year
    new_year.insert(client, "events_v1", [event(5, "ann"), event(6, "bob")])
    desk.now = NOW - 4 * HOUR
    first = (await desk.erase("ann", "bob")).json()
    new_year.insert(client, "events_v1", [event(2, "ann")])
    desk.now = NOW - HOUR
    second = (await desk.erase("ann", "bob")).json()
    assert second["erasure_id"] != first["erasure_id"]
    assert second["filed_before"] == [first["erasure_id"]]
    assert second["receipts"][0]["people"] == 1
    keys = shown(client)
    assert len({*keys.values(), key("ann"), key("bob")}) == 5


async def test_two_requests_at_once_are_one_erasure(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    new_year.insert(as_of_new_year, "events_v1", [event(1, "ann")])
    answers = await asyncio.gather(*(desk.erase("ann", "bob") for _ in range(2)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["erasure_id"] for answer in answers}) == 1
    assert len(stored(as_of_new_year)) == 4
    assert len(shown(as_of_new_year)) == 1


async def test_an_unknown_person_is_filed_for_events_that_may_still_come(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    assert (await desk.erase("nobody knows me")).status_code == 202
    new_year.insert(as_of_new_year, "events_v1", [event(1, "nobody knows me")])
    assert key("nobody knows me") not in shown(as_of_new_year).values()


async def test_deletion_wins_over_anonymisation(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    await desk.push("delete_profile_confirmed", "ann", NOW - DAY)
    await desk.erase("bob", rows="anonymise")
    await desk.erase("ann", rows="delete")
    treatments = {(row["source"], row["treatment"]) for row in stored(as_of_new_year)}
    assert treatments == {("stream", "delete"), ("api", "delete"), ("api", "anonymise")}


async def test_a_restored_person_is_shown_as_before(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    client = as_of_new_year
    new_year.insert(client, "events_v1", [event(1, "ann"), event(2, "bob")])
    before = shown(client)
    erasure_id = (await desk.erase("ann", "bob")).json()["erasure_id"]
    assert shown(client) != before
    for _ in range(2):
        answer = await desk.ask("DELETE", f"/erasures/{erasure_id}")
        assert (answer.status_code, answer.json()["status"]) == (200, "restored")
    assert shown(client) == before
    noted = [receipt["operation"] for receipt in answer.json()["receipts"]]
    assert noted == ["erasure", "restoration"]
    # A request after the restoration is a new erasure.
    assert (await desk.erase("ann")).json()["erasure_id"] != erasure_id


@pytest.mark.parametrize(
    ("mode", "status", "code"),
    [("grace", "due", 409), ("grace", "executed", 410), ("immediate", "hidden", 409)],
)
async def test_a_restoration_that_comes_too_late_is_refused(
    desk: Desk, as_of_new_year: bigquery.Client, mode: str, status: str, code: int
) -> None:
    erasure_id = (await desk.erase("ann", mode=mode)).json()["erasure_id"]
    name = f"`{WAREHOUSE.store}.erasures_v1`"
    as_of_new_year.query(f"UPDATE {name} SET status = '{status}' WHERE TRUE").result()
    answer = await desk.ask("DELETE", f"/erasures/{erasure_id}")
    assert answer.status_code == code
    assert {row["status"] for row in stored(as_of_new_year)} == {status}


async def test_an_erasure_without_grace_period_is_executed_within_the_request(
    desk: Desk, executor: Sweep
) -> None:
    answer = await desk.erase("ann", mode="immediate")
    assert (answer.status_code, answer.json()["due_at"]) == (202, "2027-01-03T12:00:00Z")
    assert executor.erasures == [(answer.json()["erasure_id"],)]


async def test_an_executed_erasure_has_its_receipts_before_and_after_its_tombstone_expires(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    name = f"`{WAREHOUSE.store}.erasures_v1`"
    erasure_id = (await desk.erase("ann", mode="immediate")).json()["erasure_id"]
    executed = f"UPDATE {name} SET status = 'executed', executed_at = '{desk.now}' WHERE TRUE"
    as_of_new_year.query(executed).result()
    again = await desk.erase("ann", mode="immediate")
    assert (again.status_code, again.json()["erasure_id"]) == (200, erasure_id)
    as_of_new_year.query(f"DELETE FROM {name} WHERE TRUE").result()
    desk.now += 100 * DAY
    later = await desk.ask("GET", f"/erasures/{erasure_id}")
    assert (later.status_code, later.json()["status"]) == (200, "expired")
    assert [receipt["operation"] for receipt in later.json()["receipts"]] == ["erasure"]
    assert (await desk.ask("DELETE", f"/erasures/{erasure_id}")).status_code == 410


async def test_the_erasure_log_has_counts_but_no_user_keys(desk: Desk) -> None:
    first = (await desk.erase("ann", "bob")).json()
    second = (await desk.erase("cat", mode="immediate", rows="anonymise")).json()
    await desk.ask("POST", "/erasures", {"project": "other", "people": [{"ids": ["dan"]}]})
    await desk.push("delete_profile_confirmed", "eve", NOW)
    await desk.push("account_restored", "eve", NOW + HOUR)
    everything = (await desk.ask("GET", "/erasures")).json()["erasures"]
    assert [entry["project"] for entry in everything] == ["dev", "other", "dev", "dev"]
    assert [entry["status"] for entry in everything] == ["restored", "hidden", "hidden", "hidden"]
    text = (await desk.ask("GET", "/erasures")).text
    assert all(key(user) not in text for user in ("ann", "bob", "cat", "eve"))
    assert all(user not in text for user in ("ann", "bob", "cat", "eve"))

    own = (await desk.ask("GET", "/erasures", email=PARTNER)).json()["erasures"]
    assert [entry["erasure_id"] for entry in own[1:]] == [
        second["erasure_id"],
        first["erasure_id"],
    ]
    waiting = await desk.ask("GET", "/erasures?project=dev&status=hidden")
    assert len(waiting.json()["erasures"]) == 2
    older = await desk.ask("GET", f"/erasures?before={second['erasure_id']}")
    assert [each["erasure_id"] for each in older.json()["erasures"]] == [first["erasure_id"]]


async def test_a_dry_run_counts_and_files_nothing(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    client = as_of_new_year
    room = {"kind": "room", "user_key": None, "room": {"speakers": [key("ann"), key("bob")]}}
    rows = [event(1, "ann"), event(30, "ann"), event(2, "bob"), event(3, "bob", **room)]
    new_year.insert(client, "events_v1", rows)
    identity = {
        "partner": "acme",
        "project": "dev",
        "user_key": key("ann"),
        "key_version": 2,
        "user_id": "ann",
        "first_seen": NOW.isoformat(),
        "last_seen": NOW.isoformat(),
    }
    new_year.insert(client, "identities_v1", [identity])
    await desk.erase("bob")
    until = (NOW + DAY).isoformat()
    await desk.ask(
        "POST", "/holds", {"project": "dev", "ids": ["ann"], "reason": "suit", "until": until}
    )
    before = stored(client)
    desk.statements.watch.ran.clear()
    answer = await desk.erase("ann", "bob", "cat", dry_run=True)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "dry_run": True,
            "people": 3,
            "events_v1": {
                "rows": 3,
                "rooms_spoken_in": 1,
                "days": 2,
                "first_day": "2027-01-02",
                "last_day": "2027-01-03",
            },
            "identities_v1": {"rows": 1},
            "already_filed": 1,
            "on_hold": 1,
        },
    )
    assert stored(client) == before
    of_three = Counter(desk.statements.watch.ran)
    desk.statements.watch.ran.clear()
    await desk.erase(*(f"user {number}" for number in range(5_000)), dry_run=True)
    assert Counter(desk.statements.watch.ran) == of_three


async def test_filing_takes_as_many_statements_for_thousands_as_for_one(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    await desk.erase("ann")
    of_one = Counter(desk.statements.watch.ran)
    desk.statements.watch.ran.clear()
    answer = await desk.erase(*(f"user {number}" for number in range(5_000)))
    assert (answer.status_code, answer.json()["user_keys"]) == (202, {"hidden": 10_000})
    assert Counter(desk.statements.watch.ran) == of_one
