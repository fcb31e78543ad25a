"""What the privacy function of a running cell tells: where data are, and whose keys are whose."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local import query
from local.cell import Cell
from tests.cell.conftest import Post
from tests.cell.running import PATIENCE_SECONDS, until

pytestmark = pytest.mark.cell


@pytest.fixture(scope="module")
def privacy(description: dict[str, Any]) -> Iterator[httpx.Client]:
    """A client of the privacy function, by way of the proxy that vouches for the officer."""
    with httpx.Client(
        base_url=description["privacy"], timeout=PATIENCE_SECONDS, trust_env=False
    ) as client:
        yield client


def receipts(cell: Cell, reference: str) -> list[dict[str, Any]]:
    sql = f"SELECT * FROM {cell.store_dataset}.receipts_v1 WHERE reference = '{reference}'"
    return query.rows(cell, sql)


def test_everything_of_a_cell_is_where_it_is_promised_to_be(
    privacy: httpx.Client, cell: Cell
) -> None:
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


def test_people_read_it_as_a_page(privacy: httpx.Client) -> None:
    answer = privacy.post("/residency", headers={"Accept": "text/html"}).raise_for_status()

    assert answer.headers["content-type"].startswith("text/html")
    assert "places are as promised." in answer.text


def test_keys_of_an_id_and_back(privacy: httpx.Client, cell: Cell, post: Post) -> None:
    value = {"project": "dev", "user_id": "looked-up", "nickname": "Lou"}
    post({"event": "session_started", "value": value}).raise_for_status()
    identities = f"SELECT * FROM {cell.store_dataset}.identities_v1 WHERE user_id = 'looked-up'"
    [identity] = until(lambda: query.rows(cell, identities))
    asked = {"project": "dev", "reason": "a test"}

    there = privacy.post("/lookups", json=asked | {"ids": ["looked-up"]}).raise_for_status().json()
    assert there["people"] == [{"id": "looked-up", "user_keys": [identity["user_key"]]}]
    back = privacy.post("/lookups", json=asked | {"user_keys": [identity["user_key"]]}).json()
    assert back["people"] == [{"user_key": identity["user_key"], "ids": ["looked-up"]}]
    [receipt] = receipts(cell, back["id"])
    assert (receipt["people"], receipt["partner"], receipt["project"]) == (1, "demo", "dev")


def test_what_is_wrong_is_named_and_not_quoted(privacy: httpx.Client) -> None:
    body = {"project": "dev", "reason": "for looked-up", "ids": ["looked-up"]}
    answer = privacy.post("/lookups", json=body)

    assert answer.status_code == 400
    assert "`reason`" in answer.json()["title"]
    assert "looked-up" not in answer.text
