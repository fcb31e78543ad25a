"""The check of locations finds each resource outside the region. No answer counts as unknown."""

from contextlib import suppress
from threading import Barrier, BrokenBarrierError, get_ident
from typing import Any

import pytest

from functions.google.rest import Read
from functions.locations.check import Google, Location, check, check_tables
from functions.locations.parts import Datasets, Endpoints, Parts
from tests.fakes.google import DATASETS, REGION, SECRETS, TOPICS, Answer, healthy, serving

BUCKET = "/storage/v1/b/local-chat-eu"
STORE = f"{DATASETS}/chat_eu_store"
TOPIC = "/v1/projects/local/topics/chat-eu-events"
SECRET = "/v1/projects/local/secrets/chat-eu-pseudonym"
PARTS = Parts(TOPICS, SECRETS, ("local-chat-eu",), Datasets("chat_eu_store", "chat_eu"))
NOBODY = "http://127.0.0.1:1"


async def locations_at(answers: dict[str, Answer], region: str = REGION) -> list[Location]:
    with serving(answers) as at:
        google = Google(Endpoints(at.rest, at.grpc, at.rest, at.rest), "local")
        return await check(google.resources(PARTS), region)


async def test_a_cell_in_its_region_holds() -> None:
    locations = await locations_at(healthy())

    assert [(location.kind, location.name) for location in locations] == [
        ("topic", "chat-eu-events"),
        ("topic", "chat-eu-dead"),
        ("secret", "chat-eu-partners"),
        ("secret", "chat-eu-pseudonym"),
        ("bucket", "local-chat-eu"),
        ("dataset", "chat_eu_store"),
        ("dataset", "chat_eu"),
    ]
    assert {(location.state, location.detail) for location in locations} == {("holds", REGION)}


async def test_another_region_fails_for_all_that_has_one() -> None:
    locations = await locations_at(healthy(), "europe-west3")

    assert {location.state for location in locations} == {"fails"}


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        (BUCKET, {"location": "US"}, "is in US"),
        (BUCKET, {}, "is in no location"),
        (STORE, {"location": "EU"}, "is in EU"),
        (TOPIC, {"name": "t"}, "may store messages in any region"),
        (
            TOPIC,
            {"messageStoragePolicy": {"allowedPersistenceRegions": [REGION, "us-east1"]}},
            "may store messages in europe-west1, us-east1",
        ),
        (
            TOPIC,
            {"messageStoragePolicy": {"allowedPersistenceRegions": [REGION]}},
            "other regions may publish and subscribe (enforceInTransit is off)",
        ),
        (
            SECRET,
            {"replication": {"automatic": {}}},
            "is replicated to locations that Google chooses",
        ),
        (
            SECRET,
            {"replication": {"userManaged": {"replicas": [{"location": "us-east1"}]}}},
            "is replicated to us-east1",
        ),
    ],
)
async def test_a_resource_in_another_region_is_found(
    path: str, body: dict[str, Any], detail: str
) -> None:
    locations = await locations_at(healthy() | {path: Answer(200, body)})
    wrong = [location for location in locations if location.state != "holds"]

    assert [(location.state, location.detail) for location in wrong] == [("fails", detail)]


@pytest.mark.parametrize(
    ("path", "answer", "state", "detail"),
    [
        (SECRET, Answer(404, {}), "fails", "it does not exist"),
        (SECRET, Answer(403, {}), "unknown", "HTTP 403"),
        (SECRET, Answer(200, b"<html>"), "unknown", "the answer is not JSON"),
        (TOPIC, Answer(404, {}), "fails", "it does not exist"),
        (TOPIC, Answer(403, {}), "unknown", "PermissionDenied"),
    ],
)
async def test_a_location_that_the_api_does_not_state_is_not_a_success(
    path: str, answer: Answer, state: str, detail: str
) -> None:
    locations = await locations_at(healthy() | {path: answer})
    wrong = [location for location in locations if location.state != "holds"]

    assert [(location.state, location.detail) for location in wrong] == [(state, detail)]


async def test_an_api_that_cannot_be_reached_is_not_a_success() -> None:
    google = Google(Endpoints(NOBODY, NOBODY, NOBODY, NOBODY), "local")
    locations = await check(google.resources(PARTS), REGION)

    assert {location.detail for location in locations if location.kind == "topic"} == {
        "ServiceUnavailable"
    }
    assert {location.detail for location in locations if location.kind != "topic"} == {
        "ConnectionError"
    }
    assert {location.state for location in locations} == {"unknown"}


def listed(*tables: tuple[str, str], token: str = "") -> Answer:
    items = [{"tableReference": {"tableId": name}, "type": kind} for name, kind in tables]
    return Answer(200, {"tables": items} | ({"nextPageToken": token} if token else {}))


async def tables_at(answers: dict[str, Answer]) -> list[Location]:
    with serving(answers) as at:
        google = Google(Endpoints(at.rest, at.grpc, at.rest, at.rest), "local")
        return await check_tables(google, PARTS.datasets, REGION)


async def test_every_table_of_every_page_is_asked_and_no_view() -> None:
    locations = await tables_at(
        {
            f"{STORE}/tables?maxResults=1000": listed(("a", "TABLE"), token="2"),
            f"{STORE}/tables?maxResults=1000&pageToken=2": listed(("b", "TABLE"), ("v", "VIEW")),
            f"{STORE}/tables/a": Answer(200, {"location": REGION}),
            f"{STORE}/tables/b": Answer(200, {"location": "US"}),
            f"{DATASETS}/chat_eu/tables?maxResults=1000": Answer(200, {}),
        }
    )

    assert locations == [
        Location("table", "chat_eu_store.a", "holds", REGION),
        Location("table", "chat_eu_store.b", "fails", "is in US"),
    ]


async def test_tables_that_cannot_be_listed_are_unknown() -> None:
    locations = await tables_at({f"{STORE}/tables?maxResults=1000": Answer(403, {})})

    assert locations == [Location("table", "chat_eu_store.*", "unknown", "HTTP 403")]


async def test_each_thread_has_sessions_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session of `requests` is not made for several threads."""
    opened: list[tuple[int, str]] = []
    read_in: set[tuple[int, int]] = set()
    meeting = Barrier(2)

    def open_reader(endpoint: str, quota_project: str) -> Read:
        own = len(opened)
        opened.append((get_ident(), endpoint))

        def read(path: str) -> dict[str, Any]:
            read_in.add((own, get_ident()))
            with suppress(BrokenBarrierError):
                meeting.wait(0.2)  # so that one thread does not read everything
            return {"location": REGION}

        return read

    monkeypatch.setattr("functions.locations.check.open_reader", open_reader)
    google = Google(Endpoints(NOBODY, NOBODY, NOBODY, NOBODY), "local")
    resources = [each for each in google.resources(PARTS) if each.kind in {"bucket", "dataset"}]
    await check(resources, REGION)
    assert len(opened) == len(set(opened)) == len(read_in) > 1
