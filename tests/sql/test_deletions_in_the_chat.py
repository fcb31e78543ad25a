"""Messages about deletions in the chat have the same effect in any order and any number."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from google.cloud import bigquery

from functions.secrets.closed_partners import ClosedList, ClosedPartner
from functions.warehouse.statements import StatementFailed
from tests.fakes.sweep import Sweep
from tests.sql.new_year import NOW, WAREHOUSE, query
from tests.sql.privacy_desk import OFFICER, Desk, key, open_desk
from tests.sql.stand_in import StandIn

pytestmark = pytest.mark.cell

DAY = timedelta(days=1)
DELETED, RESTORED = "delete_profile_confirmed", "account_restored"
STORY = ((DELETED, NOW - 4 * DAY), (RESTORED, NOW - 3 * DAY), (DELETED, NOW - 2 * DAY))


@pytest.fixture
def desk(as_of_new_year: bigquery.Client, stand_in: StandIn) -> Desk:
    return open_desk(stand_in.rest, WAREHOUSE, NOW, Sweep())


def told(client: bigquery.Client) -> list[tuple[Any, ...]]:
    sql = (
        "SELECT DISTINCT source, status, cut_off "
        f"FROM `{WAREHOUSE.store}.erasures_v1` ORDER BY cut_off"
    )
    return [tuple(row.values()) for row in query(client, sql)]


@pytest.mark.parametrize("order", list(permutations(STORY)))
async def test_every_order_of_messages_has_the_same_result(
    desk: Desk, as_of_new_year: bigquery.Client, order: Sequence[Any]
) -> None:
    for event, received_at in order:
        assert (await desk.push(event, "ann", received_at)).status_code == 204
    assert told(as_of_new_year) == [
        ("stream", "restored", NOW - 4 * DAY),
        ("stream", "restoration", NOW - 3 * DAY),
        ("stream", "hidden", NOW - 2 * DAY),
    ]


REPEATED = (
    (DELETED, NOW - 4 * DAY, NOW - 4 * DAY),
    (RESTORED, NOW - 3 * DAY, NOW - 3 * DAY),
    (DELETED, NOW - 2 * DAY, NOW - 4 * DAY),
    (DELETED, NOW - 1 * DAY, NOW - 4 * DAY),
)
"""A sender repeats a deletion after the person came back: each event, with its time of receipt and
the time that it states."""


@pytest.mark.parametrize("order", list(permutations(REPEATED)))
async def test_a_deletion_that_is_sent_again_after_the_return_is_the_same_one(
    desk: Desk,
    as_of_new_year: bigquery.Client,
    capsys: pytest.CaptureFixture[str],
    order: Sequence[Any],
) -> None:
    for event, received_at, occurred_at in order:
        await desk.push(event, "ann", received_at, occurred_at=occurred_at)
    assert told(as_of_new_year) == [
        ("stream", "restored", NOW - 4 * DAY),
        ("stream", "restoration", NOW - 3 * DAY),
    ]
    # Some of the messages alone may look like a contradiction; all of them together do not.
    capsys.readouterr()
    await desk.push(RESTORED, "ann", NOW - 3 * DAY, occurred_at=NOW - 3 * DAY)
    assert "contradicts" not in capsys.readouterr().out


@pytest.mark.parametrize("order", list(permutations(REPEATED[:3])))
async def test_a_stated_time_long_before_the_first_deletion_does_not_join_two_deletions(
    desk: Desk, as_of_new_year: bigquery.Client, order: Sequence[Any]
) -> None:
    """Some senders state the time of registration, which is the same in every deletion."""
    for event, received_at, _ in order:
        await desk.push(event, "ann", received_at, occurred_at=NOW - 300 * DAY)
    assert [status for _, status, _ in told(as_of_new_year)] == [
        "restored",
        "restoration",
        "hidden",
    ]


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize(("deleted_at", "restored_at"), [(1, 2), (2, 1)])
async def test_a_contradiction_of_times_is_filed_and_logged(
    desk: Desk,
    as_of_new_year: bigquery.Client,
    capsys: pytest.CaptureFixture[str],
    deleted_at: int,
    restored_at: int,
    *,
    is_reversed: bool,
) -> None:
    start = NOW - 4 * DAY
    messages = [
        (DELETED, start + deleted_at * DAY / 24, start + restored_at * DAY / 24),
        (RESTORED, start + restored_at * DAY / 24, start + deleted_at * DAY / 24),
    ]
    for event, received_at, occurred_at in messages[:: -1 if is_reversed else 1]:
        await desk.push(event, "ann", received_at, occurred_at=occurred_at)
    [deletion] = [each for each in told(as_of_new_year) if each[1] != "restoration"]
    assert deletion == ("stream", "hidden", start + deleted_at * DAY / 24)
    [line] = [line for line in capsys.readouterr().out.splitlines() if "contradicts" in line]
    assert '"severity":"ERROR"' in line
    assert '"found":1' in line
    work = await desk.statements.rows(
        "find_work",
        now=NOW + 40 * DAY,
        erasure_ids=[],
        overdue_since=NOW,
        holds_over_since=NOW,
    )
    assert (work[0]["restored"], work[0]["waiting_since"] is None) == (0, False), (
        "the deletion becomes due, and the next sweep executes it"
    )


async def test_all_messages_at_once_and_twice_have_the_same_result(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    twice = [*STORY, *STORY]
    answers = await asyncio.gather(*(desk.push(event, "ann", at) for event, at in twice))
    assert {answer.status_code for answer in answers} == {204}
    assert [status for _, status, _ in told(as_of_new_year)] == [
        "restored",
        "restoration",
        "hidden",
    ]


async def test_a_repeated_message_changes_nothing_and_is_noted_once(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    for event, at in STORY:
        await desk.push(event, "ann", at)
    rows = query(as_of_new_year, f"SELECT * FROM `{WAREHOUSE.store}.erasures_v1` ORDER BY ALL")
    for event, at in STORY:
        await desk.push(event, "ann", at)
    again = query(as_of_new_year, f"SELECT * FROM `{WAREHOUSE.store}.erasures_v1` ORDER BY ALL")
    assert again == rows
    noted = query(
        as_of_new_year,
        f"SELECT operation, COUNT(*) AS n FROM `{WAREHOUSE.store}.receipts_v1` "
        "WHERE recorded_at > '2000-01-01' GROUP BY operation ORDER BY operation",
    )
    assert noted == [{"operation": "erasure", "n": 2}, {"operation": "restoration", "n": 1}]


async def test_a_restoration_in_the_chat_does_not_undo_an_erasure_from_the_interface(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    await desk.erase("ann")
    await desk.push(RESTORED, "ann", NOW + DAY)
    assert [status for _, status, _ in told(as_of_new_year)] == ["hidden", "restoration"]


async def test_the_interface_restores_a_deletion_in_the_chat_for_good(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    await desk.push(DELETED, "ann", NOW)
    [entry] = (await desk.ask("GET", "/erasures")).json()["erasures"]
    answer = await desk.ask("DELETE", f"/erasures/{entry['erasure_id']}")
    assert answer.json()["status"] == "restored"
    await desk.push(DELETED, "ann", NOW)
    assert [status for _, status, _ in told(as_of_new_year)] == ["restored"]


async def test_a_person_who_comes_back_after_the_execution_stays_erased(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    await desk.push(DELETED, "ann", NOW - DAY)
    name = f"`{WAREHOUSE.store}.erasures_v1`"
    as_of_new_year.query(f"UPDATE {name} SET status = 'executed' WHERE TRUE").result()
    await desk.push(RESTORED, "ann", NOW)
    assert [status for _, status, _ in told(as_of_new_year)] == ["executed", "restoration"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"attributes": {}}, "bad_attributes"),
        ({"data": "bm8ganNvbg=="}, "not_json"),
        ({"data": "e30="}, "no_user_id"),
    ],
)
async def test_a_message_without_a_person_is_acknowledged_and_logged(
    desk: Desk,
    as_of_new_year: bigquery.Client,
    capsys: pytest.CaptureFixture[str],
    message: dict[str, Any],
    reason: str,
) -> None:
    assert (await desk.push(DELETED, "ann", NOW, **message)).status_code == 204
    assert f'"reason":"{reason}"' in capsys.readouterr().out
    assert told(as_of_new_year) == []


async def test_another_event_is_acknowledged(desk: Desk, as_of_new_year: bigquery.Client) -> None:
    assert (await desk.push("message_sent", "ann", NOW)).status_code == 204
    assert told(as_of_new_year) == []


async def test_only_pub_sub_may_push(desk: Desk, as_of_new_year: bigquery.Client) -> None:
    assert (await desk.push(DELETED, "ann", NOW, email=OFFICER)).status_code == 403
    assert told(as_of_new_year) == []


async def test_the_user_key_is_the_one_that_load_stores(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    data: dict[str, Any] = {
        "data": "eyJldmVudCI6ImRlbGV0ZS1wcm9maWxlLWNvbmZpcm1lZCIsInVpZCI6ICJhbm4ifQ=="
    }
    await desk.push(DELETED, None, NOW, **data)
    rows = query(as_of_new_year, f"SELECT user_key FROM `{WAREHOUSE.store}.erasures_v1`")
    assert key("ann") in {row["user_key"] for row in rows}


async def test_nothing_is_filed_for_a_closed_partner(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    desk.closed.list = ClosedList({"acme": ClosedPartner(("dev",), NOW)})
    assert (await desk.push(DELETED, "ann", NOW)).status_code == 204
    desk.closed.list = None
    assert (await desk.push(DELETED, "ann", NOW)).status_code == 503, "Pub/Sub must push it again"
    assert told(as_of_new_year) == []


@pytest.mark.parametrize("status", ["due", "executed"])
@pytest.mark.parametrize("earlier", [timedelta(0), DAY])
async def test_a_deletion_within_the_scope_of_an_executed_erasure_files_nothing(
    desk: Desk, as_of_new_year: bigquery.Client, status: str, earlier: timedelta
) -> None:
    await desk.erase("ann")
    name = f"`{WAREHOUSE.store}.erasures_v1`"
    as_of_new_year.query(f"UPDATE {name} SET status = '{status}' WHERE TRUE").result()
    await desk.push(DELETED, "ann", NOW - earlier)
    await desk.push(DELETED, "bob", NOW - earlier)
    await desk.push(DELETED, "ann", NOW + DAY)
    filed = query(
        as_of_new_year,
        f"SELECT DISTINCT source, status, cut_off FROM {name} "
        f"WHERE user_key IN ('{key('ann')}', '{key('bob')}') ORDER BY cut_off, source",
    )
    stream = {(row["status"], row["cut_off"]) for row in filed if row["source"] == "stream"}
    assert stream == {("hidden", NOW - earlier), ("hidden", NOW + DAY)}, (
        "the deletions of bob, and the one after the cut-off"
    )
    assert [row["status"] for row in filed if row["source"] == "api"] == [status]
    ann = query(
        as_of_new_year,
        f"SELECT cut_off FROM {name} WHERE user_key = '{key('ann')}' AND source = 'stream'",
    )
    assert [row["cut_off"] for row in ann] == [NOW + DAY]
    noted = query(
        as_of_new_year,
        f"SELECT COUNT(*) AS n FROM `{WAREHOUSE.store}.receipts_v1` "
        "WHERE recorded_at > '2000-01-01' AND operation = 'erasure'",
    )
    assert noted == [{"n": 3}], "a deletion that is not filed has no receipt"


async def test_waiting_deletions_are_filed_together(
    desk: Desk, as_of_new_year: bigquery.Client
) -> None:
    people = [f"p{number}" for number in range(60)]
    pushes = [desk.push(DELETED, person, NOW - DAY) for person in people]
    pushes += [desk.push(RESTORED, person, NOW) for person in people[:20]]
    pushes += [desk.push(DELETED, person, NOW - DAY) for person in people]
    answers = await asyncio.gather(*pushes)
    assert {answer.status_code for answer in answers} == {204}
    assert desk.statements.watch.ran.count("file_deletions") <= 3, (
        "the first deletion is filed alone, and the others that wait are filed together"
    )
    filed = query(
        as_of_new_year,
        "SELECT status, COUNT(*) AS n, COUNT(DISTINCT user_key) AS people "
        f"FROM `{WAREHOUSE.store}.erasures_v1` GROUP BY status ORDER BY status",
    )
    keys = 2  # how many versions of the pseudonym key there are
    assert [tuple(row.values()) for row in filed] == [
        ("hidden", 40 * keys, 40 * keys),
        ("restoration", 20 * keys, 20 * keys),
        ("restored", 20 * keys, 20 * keys),
    ]
    noted = query(
        as_of_new_year,
        f"SELECT operation, COUNT(*) AS n FROM `{WAREHOUSE.store}.receipts_v1` "
        "WHERE recorded_at > '2000-01-01' GROUP BY operation ORDER BY operation",
    )
    assert noted == [{"operation": "erasure", "n": 60}, {"operation": "restoration", "n": 20}]


async def test_deletions_that_cannot_be_filed_are_all_refused_and_filed_later(
    desk: Desk, as_of_new_year: bigquery.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = desk.statements.change

    async def failing(name: str, **parameters: Any) -> int:
        raise StatementFailed(name, "resourcesExceeded")

    monkeypatch.setattr(desk.statements, "change", failing)
    pushes = [desk.push(DELETED, person, NOW) for person in ("ann", "bob")]
    assert {answer.status_code for answer in await asyncio.gather(*pushes)} == {503}
    monkeypatch.setattr(desk.statements, "change", real)
    assert (await desk.push(DELETED, "ann", NOW)).status_code == 204
    assert told(as_of_new_year) == [("stream", "hidden", NOW)]
