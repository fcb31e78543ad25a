"""The privacy function of a running cell reports residency, and answers look-ups and exports."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from functions.retained.quarantine import Quarantined
from local import query
from local.cell import Cell
from local.clients import objects, publisher
from tests.cell.conftest import Post
from tests.cell.running import PATIENCE_SECONDS, until
from tests.load_faults.feed import simulated

pytestmark = pytest.mark.cell


@pytest.fixture(scope="module")
def privacy(description: dict[str, Any]) -> Iterator[httpx.Client]:
    """A client of the privacy function, through the proxy, which calls it as the officer."""
    with httpx.Client(
        base_url=description["privacy"], timeout=PATIENCE_SECONDS, trust_env=False
    ) as client:
        yield client


def receipts(cell: Cell, reference: str) -> list[dict[str, Any]]:
    sql = f"SELECT * FROM {cell.store_dataset}.receipts_v1 WHERE reference = '{reference}'"
    return query.rows(cell, sql)


def test_all_resources_of_a_cell_are_in_its_region(privacy: httpx.Client, cell: Cell) -> None:
    report = privacy.post("/residency").raise_for_status().json()

    assert [place for place in report["places"] if place["state"] != "holds"] == []
    assert report["ok"] is True
    names = {(place["kind"], place["name"]) for place in report["places"]}
    assert {
        ("region", "europe-west1"),
        ("topic", "chat-eu-events"),
        ("secret", "chat-eu-pseudonym"),
        ("bucket", cell.bucket),
        ("dataset", cell.store_dataset),
        ("table", f"{cell.store_dataset}.events_v1"),
    } <= names
    [receipt] = receipts(cell, report["id"])
    assert (receipt["operation"], receipt["requested_by"]) == ("residency", "you@demo.example")


def test_residency_has_a_page_for_people(privacy: httpx.Client) -> None:
    answer = privacy.post("/residency", headers={"Accept": "text/html"}).raise_for_status()

    assert answer.headers["content-type"].startswith("text/html")
    assert "places are as promised." in answer.text


def test_user_keys_of_an_id_are_found_and_the_id_of_a_key(
    privacy: httpx.Client, cell: Cell, post: Post
) -> None:
    value = {"project": "dev", "user_id": "looked-up", "nickname": "Lou"}
    post({"event": "session_started", "value": value}).raise_for_status()
    identities = f"SELECT * FROM {cell.store_dataset}.identities_v1 WHERE user_id = 'looked-up'"
    [identity] = until(lambda: query.rows(cell, identities))
    request = {"project": "dev", "reason": "a test"}

    there = (
        privacy.post("/lookups", json=request | {"ids": ["looked-up"]}).raise_for_status().json()
    )
    assert there["people"] == [{"id": "looked-up", "user_keys": [identity["user_key"]]}]
    back = privacy.post("/lookups", json=request | {"user_keys": [identity["user_key"]]}).json()
    assert back["people"] == [{"user_key": identity["user_key"], "ids": ["looked-up"]}]
    [receipt] = receipts(cell, back["id"])
    assert (receipt["people"], receipt["partner"], receipt["project"]) == (1, "demo", "dev")


def test_everything_about_a_person_is_exported(
    privacy: httpx.Client, cell: Cell, post: Post
) -> None:
    for number in range(2):
        value = {"project": "dev", "user_id": "exported", "nickname": "Ex", "odd": number}
        post({"event": "session_started", "value": value}).raise_for_status()
    speakers = {"project": "dev", "roomId": "exported", "speakers": ["exported", "another"]}
    post({"event": "room_speakers_updated", "value": speakers}, "rooms").raise_for_status()
    rooms = f"""SELECT room.speakers FROM {cell.store_dataset}.room_events_v1
        WHERE received_at > TIMESTAMP '2000-01-01' AND room_id = 'exported'"""
    until(lambda: query.rows(cell, rooms))
    stored = f"""SELECT user_key FROM {cell.store_dataset}.events_v1
        WHERE received_at > TIMESTAMP '2000-01-01' AND JSON_VALUE(extra, '$.odd') IS NOT NULL"""
    until(lambda: query.rows(cell, stored), 2)
    [event] = simulated("exported", 1)
    data = json.dumps({"event": "named", "value": {"user_id": "exported"}}).encode()
    bucket = objects(cell).bucket(cell.bucket)
    name = "quarantine/event_too_large/demo/chat/exported.ndjson"
    record = Quarantined(
        reason="event_too_large",
        partner=event.attributes["partner"],
        kind="chat",
        received_at=event.attributes["received_at"],
        body=base64.b64encode(data).decode(),
        attributes=event.attributes | {"project": "dev"},
    )
    bucket.blob(name).upload_from_string(msgspec.json.encode(record))
    publisher(cell).publish(
        cell.dead_letter_topic, data, **event.attributes | {"project": "dev"}
    ).result(60)
    body = {"project": "dev", "ids": ["exported"]}
    export = privacy.post("/exports", json=body).raise_for_status().json()
    bucket.blob(name).delete()

    assert export["is_complete"] is True
    files = {
        file["name"].split("/")[-1]: bucket.blob(file["name"]).download_as_bytes()
        for file in export["objects"]
    }
    lines = {
        name: [json.loads(line) for line in content.splitlines()]
        for name, content in files.items()
        if name.endswith(".jsonl")
    }
    events = lines["events-0001.jsonl"]
    assert sorted(each["extra"]["odd"] for each in events if "extra" in each) == [0, 1]
    [room] = [event for event in events if event["kind"] == "room"]
    assert len(room["room"]["speakers"]) == 1
    assert {each["nickname"] for each in lines["identities.jsonl"]} == {"Ex"}
    assert {each["place"] for each in lines["retained.jsonl"]} == {"quarantine", "dead letters"}
    assert b"another" not in b"".join(files.values())
    assert b"<h1>Your data</h1>" in files["cover-sheet.html"]
    [receipt] = receipts(cell, export["id"])
    assert (receipt["operation"], receipt["people"]) == ("export", 1)


def test_the_report_on_retention_knows_the_state_of_every_place(privacy: httpx.Client) -> None:
    report = privacy.get("/retention").raise_for_status().json()

    places = {place["place"]: place["state"] for place in report["places"]}
    assert {"events_v1", "identities_v1", "spill/", "exports/"} <= places.keys()
    assert "unknown" not in places.values()


def test_an_error_names_the_field_and_does_not_quote_its_value(privacy: httpx.Client) -> None:
    body = {"project": "dev", "reason": "for looked-up", "ids": ["looked-up"]}
    answer = privacy.post("/lookups", json=body)

    assert answer.status_code == 400
    assert "`reason`" in answer.json()["title"]
    assert "looked-up" not in answer.text
