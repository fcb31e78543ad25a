"""Erasures in a running cell, by a webhook of the chat and by the HTTP interface."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from functions.retained import quarantine, spill
from local import query
from local.cell import PARTNER, Cell
from local.clients import objects, publisher
from tests.cell.conftest import Post, Publish, Rows
from tests.cell.running import PATIENCE_SECONDS, until

pytestmark = pytest.mark.cell


@pytest.fixture(scope="module")
def officer(description: dict[str, Any]) -> Iterator[httpx.Client]:
    """A client of the privacy function, through the proxy, which calls it as the officer."""
    with httpx.Client(
        base_url=description["privacy"], timeout=PATIENCE_SECONDS, trust_env=False
    ) as client:
        yield client


@pytest.fixture
def user() -> str:
    """The id of a person that no other test uses."""
    return f"user-{uuid.uuid4()}"


def chat(event: str, user: str) -> dict[str, Any]:
    return {"event": event, "value": {"user_id": user, "project": "dev", "nickname": "Wendy"}}


def erasure_of(*users: str, **other: Any) -> dict[str, Any]:
    return {"project": "dev", "people": [{"ids": [user]} for user in users]} | other


def send(post: Post, event: str, user: str) -> str:
    """Send a chat event; return its ingest id."""
    ingest_id: str = post(chat(event, user)).json()["results"][0]["ingest_id"]
    return ingest_id


def shown(cell: Cell, ingest_id: str, accept: Callable[[str], bool]) -> str:
    """Wait until the views show an expected user key for an event; return the key."""
    sql = f"SELECT user_key FROM events WHERE ingest_id = '{ingest_id}'"
    [row] = until(lambda: [row for row in query.rows(cell, sql) if accept(row["user_key"])])
    key: str = row["user_key"]
    return key


def test_deleting_the_profile_hides_and_coming_back_restores(
    post: Post, stored: Rows, cell: Cell, user: str
) -> None:
    message = send(post, "message_sent", user)
    key = stored([message])[message]["user_key"]
    assert shown(cell, message, lambda _key: True) == key
    send(post, "delete_profile_confirmed", user)
    hidden = shown(cell, message, lambda shown_key: shown_key != key)
    assert len(hidden) == 32
    send(post, "account_restored", user)
    assert shown(cell, message, lambda shown_key: shown_key != hidden) == key


@pytest.mark.parametrize(
    ("deletion", "restoration"),
    [
        ("Delete_Profile_Confirmed", "Account_Restored"),
        ("deleteProfileConfirmed", "accountRestored"),
        ("DELETE_PROFILE_CONFIRMED", "ACCOUNT_RESTORED"),
        ("delete-profile-confirmed", "account-restored"),
        ("delete\\_profile\\_confirmed", "account\\_restored"),
    ],
)
def test_deletion_and_restoration_work_in_every_spelling(
    post: Post, stored: Rows, cell: Cell, user: str, deletion: str, restoration: str
) -> None:
    message = send(post, "message_sent", user)
    key = stored([message])[message]["user_key"]
    send(post, deletion, user)
    hidden = shown(cell, message, lambda shown_key: shown_key != key)
    send(post, restoration, user)
    assert shown(cell, message, lambda shown_key: shown_key != hidden) == key


def test_the_nightly_job_can_be_asked_for(officer: httpx.Client) -> None:
    answer = officer.post("/unfiled")
    assert (answer.status_code, answer.json()["finished"]) == (200, True)


def test_the_order_of_arrival_does_not_matter(
    cell: Cell, user: str, publish: Publish, post: Post, stored: Rows
) -> None:
    now = datetime.now(UTC)
    for event, at in (
        ("account_restored", now),
        ("delete_profile_confirmed", now - timedelta(minutes=1)),
        ("delete_profile_confirmed", now + timedelta(minutes=1)),
    ):
        publish(chat(event, user), at)
    message = send(post, "message_sent", user)
    key = stored([message])[message]["user_key"]
    sql = (
        f"SELECT status FROM {cell.store_dataset}.erasures_v1 "
        f"WHERE user_key = '{key}' AND status != 'hidden' ORDER BY cut_off"
    )
    rows = until(lambda: query.rows(cell, sql), 2)
    assert [row["status"] for row in rows] == ["restored", "restoration"]
    shown(cell, message, lambda shown_key: shown_key != key)


def test_the_interface_files_lists_and_restores(
    post: Post, stored: Rows, cell: Cell, user: str, officer: httpx.Client
) -> None:
    message = send(post, "message_sent", user)
    key = stored([message])[message]["user_key"]
    counted = officer.post("/erasures", json=erasure_of(user, dry_run=True)).json()
    assert (counted["events_v1"]["rows"], counted["already_filed"]) == (1, 0)
    filed = officer.post("/erasures", json=erasure_of(user))
    assert (filed.status_code, filed.json()["status"]) == (202, "hidden")
    assert shown(cell, message, lambda _key: True) != key
    path = f"/erasures/{filed.json()['erasure_id']}"
    assert officer.get(path).json() == filed.json()
    listed = officer.get("/erasures", params={"project": "dev", "status": "hidden"}).json()
    assert filed.json()["erasure_id"] in {entry["erasure_id"] for entry in listed["erasures"]}
    assert officer.delete(path).json()["status"] == "restored"
    assert shown(cell, message, lambda _key: True) == key


def test_the_same_request_at_the_same_time_is_one_erasure(user: str, officer: httpx.Client) -> None:
    with ThreadPoolExecutor() as threads:
        answers = list(
            threads.map(lambda _: officer.post("/erasures", json=erasure_of(user)), range(3))
        )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["erasure_id"] for answer in answers}) == 1
    assert officer.delete(f"/erasures/{answers[0].json()['erasure_id']}").status_code == 200


def test_a_sweep_quarantines_unreadable_data(cell: Cell, officer: httpx.Client) -> None:
    line, letter = (f"no JSON: {uuid.uuid4()}".encode() for _ in range(2))
    bucket = objects(cell).bucket(cell.bucket)
    torn = f"{spill.PREFIX}2026/11/22/00/{uuid.uuid4()}.ndjson"
    bucket.blob(torn).upload_from_string(line)
    attributes = {"partner": PARTNER, "project": "dev", "kind": "chat"}
    publisher(cell).publish(cell.dead_letter_topic, letter, **attributes).result(PATIENCE_SECONDS)

    def quarantined_bodies() -> list[dict[str, Any]]:
        assert officer.post("/sweep").status_code == 200
        places = [f"{quarantine.PREFIX}malformed/unknown/", f"{quarantine.PREFIX}not_json/"]
        return [
            {"prefix": prefix, "body": body}
            for prefix in places
            for blob in bucket.list_blobs(prefix=prefix)
            if (body := quarantine.decode(blob.download_as_bytes())[1]) in {line, letter}
        ]

    assert [each["body"] for each in until(quarantined_bodies, 2)] == [line, letter]
    assert not bucket.blob(torn).exists()


@pytest.mark.soak
def test_an_immediate_erasure_is_executed_within_the_request(
    post: Post, stored: Rows, cell: Cell, user: str, officer: httpx.Client
) -> None:
    message = send(post, "message_sent", user)
    stored([message])
    unknown = f"unknown {user}"
    answer = officer.post("/erasures", json=erasure_of(user, unknown, mode="immediate"))
    assert (answer.status_code, answer.json()["status"]) == (200, "executed")
    sql = f"SELECT ingest_id FROM events WHERE ingest_id = '{message}'"
    assert query.rows(cell, sql) == []
    [step] = [
        receipt for receipt in answer.json()["receipts"] if receipt["detail"]["step"] == "executed"
    ]
    assert step["detail"]["total"]["events_deleted"] == 1
    again = officer.post("/erasures", json=erasure_of(user, unknown, mode="immediate"))
    assert (again.status_code, again.json()["erasure_id"]) == (200, answer.json()["erasure_id"])
    refused = officer.delete(f"/erasures/{answer.json()['erasure_id']}")
    assert refused.status_code == 410
