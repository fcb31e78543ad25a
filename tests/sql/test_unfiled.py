"""The nightly job files deletions and restorations in the chat that `/stream` missed."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from google.cloud import bigquery

from functions.secrets.closed_partners import ClosedList, ClosedPartner
from functions.secrets.pseudonym_keys import user_key
from tests.fakes.sweep import Sweep
from tests.sql.new_year import NOW, WAREHOUSE, insert, query
from tests.sql.privacy_desk import (
    KEYS,
    OFFICER,
    PARTNER,
    PUSH,
    SCHEDULER,
    Desk,
    key,
    open_desk,
)
from tests.sql.stand_in import StandIn

pytestmark = pytest.mark.cell

DAY = timedelta(days=1)
DELETED, RESTORED = "delete_profile_confirmed", "account_restored"


@pytest.fixture
def desk(as_of_new_year: bigquery.Client, stand_in: StandIn) -> Desk:
    return open_desk(stand_in.rest, WAREHOUSE, NOW, Sweep())


def store(
    client: bigquery.Client, event: str, user: str, received_at: datetime, **other: Any
) -> None:
    """Store a chat event that was not pushed to `/stream`."""
    row = {
        "ingest_id": f"{event}-{user}-{received_at:%d%H%M}",
        "delivery_id": f"{event}-{user}-{received_at:%d%H%M}",
        "received_at": received_at.isoformat(),
        "stored_at": received_at.isoformat(),
        "kind": "chat",
        "partner": "acme",
        "project": "dev",
        "event": event,
        "catalogued": True,
        "user_key": key(user),
        "flags": [],
    }
    insert(client, "events_v1", [row | other])


def know(client: bigquery.Client, user: str, seen: datetime) -> None:
    """Store the identity of a user key."""
    row = {
        "partner": "acme",
        "project": "dev",
        "user_key": key(user),
        "key_version": 2,
        "user_id": user,
        "first_seen": seen.isoformat(),
        "last_seen": seen.isoformat(),
    }
    insert(client, "identities_v1", [row])


async def run(desk: Desk, email: str = SCHEDULER) -> Any:
    answer = await desk.ask("POST", "/unfiled", email=email)
    assert answer.status_code == 200
    return answer.json()["found"]


def told(client: bigquery.Client) -> list[tuple[Any, ...]]:
    sql = (
        "SELECT user_key, status, cut_off "
        f"FROM `{WAREHOUSE.store}.erasures_v1` ORDER BY cut_off, user_key"
    )
    return [tuple(row.values()) for row in query(client, sql)]


async def test_a_missed_deletion_is_filed_as_the_stream_would_have(
    desk: Desk, as_of_new_year: bigquery.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    store(as_of_new_year, DELETED, "ann", NOW - DAY)
    know(as_of_new_year, "ann", NOW - DAY)
    assert await run(desk) == {DELETED: 1}
    filed = told(as_of_new_year)
    keys = sorted(user_key(each, "dev", "ann") for each in KEYS.by_version.values())
    assert filed == [(each, "hidden", NOW - DAY) for each in keys], "under every version of the key"
    out = capsys.readouterr().out
    [line] = [json.loads(each) for each in out.splitlines() if "deletions not filed" in each]
    assert (line["severity"], line["found"]) == ("ERROR", 1)
    assert key("ann") not in out
    assert '"ann"' not in out
    assert await run(desk) == {}, "a second run finds nothing"
    await desk.push(DELETED, "ann", NOW - DAY)
    assert told(as_of_new_year) == filed, "the message changes nothing if it comes in the end"


async def test_a_message_that_was_sent_again_is_not_missed(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    happened = NOW - 3 * DAY
    await desk.push(DELETED, "ann", happened, occurred_at=happened)
    await desk.push(RESTORED, "ann", NOW - 2 * DAY, occurred_at=NOW - 2 * DAY)
    store(as_of_new_year, DELETED, "ann", NOW - DAY, occurred_at=happened.isoformat())
    assert await run(desk) == {}
    later = (NOW - DAY).isoformat()
    store(as_of_new_year, DELETED, "ann", NOW - DAY / 2, occurred_at=later)
    assert await run(desk) == {DELETED: 1}
    assert [status for _, status, _ in told(as_of_new_year)][-1] == "hidden"


async def test_without_an_identity_the_stored_key_is_filed(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    store(as_of_new_year, DELETED, "ann", NOW - DAY)
    assert await run(desk, OFFICER) == {DELETED: 1}
    assert told(as_of_new_year) == [(key("ann"), "hidden", NOW - DAY)]


@pytest.mark.parametrize("missed", [[DELETED], [RESTORED], [DELETED, RESTORED]])
async def test_the_times_of_receipt_decide_whichever_message_was_missed(
    desk: Desk, as_of_new_year: bigquery.Client, missed: list[str]
) -> None:
    times = {DELETED: NOW - 2 * DAY, RESTORED: NOW - DAY}
    know(as_of_new_year, "ann", NOW - 3 * DAY)
    for event, at in times.items():
        store(as_of_new_year, event, "ann", at)
        if event not in missed:
            await desk.push(event, "ann", at)
    assert await run(desk) == dict.fromkeys(missed, 1)
    statuses = {(status, at) for _, status, at in told(as_of_new_year)}
    assert statuses == {("restored", NOW - 2 * DAY), ("restoration", NOW - DAY)}
    assert await run(desk) == {}


async def test_deletions_that_were_filed_in_time_are_not_found(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    for number, status in enumerate(["hidden", "restored", "due", "executed"]):
        user, at = f"user-{number}", NOW - DAY - timedelta(minutes=number)
        store(as_of_new_year, DELETED, user, at)
        await desk.push(DELETED, user, at)
        name = f"`{WAREHOUSE.store}.erasures_v1`"
        sql = f"UPDATE {name} SET status = '{status}' WHERE user_key = '{key(user)}'"
        as_of_new_year.query(sql).result()
    assert await run(desk) == {}


@pytest.mark.parametrize("status", ["due", "executed"])
async def test_a_deletion_that_an_executed_erasure_covers_is_not_filed_again(
    desk: Desk, as_of_new_year: bigquery.Client, status: str
) -> None:
    await desk.erase("ann")
    name = f"`{WAREHOUSE.store}.erasures_v1`"
    as_of_new_year.query(f"UPDATE {name} SET status = '{status}' WHERE TRUE").result()
    store(as_of_new_year, DELETED, "ann", NOW - DAY)
    assert await run(desk) == {}
    assert {each for _, each, _ in told(as_of_new_year)} == {status}


@pytest.mark.parametrize(
    ("at", "other"),
    [
        (NOW - DAY, {"flags": ["anonymised"], "user_key": "f" * 32}),
        (NOW - DAY, {"user_key": None}),
        (NOW - DAY, {"project": None}),
        (NOW - DAY, {"kind": "room"}),
        (NOW - DAY, {"kind": "test"}),
        (NOW - DAY, {"event": "delete_profile_pressed"}),
        (NOW - timedelta(minutes=10), {}),
        (NOW - 20 * DAY, {}),
    ],
)
async def test_other_events_events_without_person_and_recent_ones_are_not_filed(
    desk: Desk, as_of_new_year: bigquery.Client, at: datetime, other: dict[str, Any]
) -> None:
    other = dict(other)
    event = other.pop("event", DELETED)
    store(as_of_new_year, event, "ann", at, **other)
    assert await run(desk) == {}
    assert told(as_of_new_year) == []


async def test_nothing_is_filed_for_a_closed_partner(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    store(as_of_new_year, DELETED, "ann", NOW - DAY)
    desk.closed.list = ClosedList({"acme": ClosedPartner(("dev",), NOW)})
    assert await run(desk) == {}
    desk.closed.list = None
    assert (await desk.ask("POST", "/unfiled", email=SCHEDULER)).status_code == 503
    assert told(as_of_new_year) == []


@pytest.mark.parametrize("email", [PUSH, PARTNER])
async def test_only_the_scheduler_and_operators_may_ask(
    desk: Desk, as_of_new_year: bigquery.Client, email: str
) -> None:
    assert (await desk.ask("POST", "/unfiled", email=email)).status_code == 403
