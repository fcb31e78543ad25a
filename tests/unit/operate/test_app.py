"""The HTTP interface of `operate`."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import httpx
import msgspec
import pytest

from functions import __version__
from functions.operate import app
from functions.operate.dead_letters import DeadLetterReplay
from functions.operate.refresh import Refresh
from functions.operate.replay import Replay
from functions.operate.routes import Operations, routes
from functions.operate.settle import Settle
from functions.retained.quarantine import Quarantined
from functions.warehouse.days import each_day
from functions.web.routes import application
from tests.fakes.bucket import Bucket
from tests.fakes.letters import Letters
from tests.fakes.partners import Partners
from tests.fakes.statements import Statements
from tests.fakes.topic import Topic
from tests.unit.operate.conftest import NOW
from tests.unit.operate.stand_ins import message, refreshed, spilled


@pytest.fixture
async def client(
    replay: Replay, dead_letters: DeadLetterReplay, settle: Settle, refresh: Refresh
) -> AsyncIterator[httpx.AsyncClient]:
    operations = Operations(replay, dead_letters, settle, refresh)

    transport = httpx.ASGITransport(application(routes(operations)))
    async with httpx.AsyncClient(transport=transport, base_url="http://operate") as client:
        yield client


async def test_an_empty_body_replays_the_spill(
    client: httpx.AsyncClient, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.put("spill/a", spilled(message(1), message(2)))
    bucket.put("spill/b", b"oops")
    answer = await client.post("/replay")
    assert answer.status_code == 200
    assert answer.json() == {
        "objects": 1,
        "events": 2,
        "days": ["2026-11-22"],
        "remaining": 0,
        "quarantined": 0,
        "failed": ["spill/b"],
    }
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["message"], line["severity"], line["failed"]) == ("replayed", "WARNING", 1)


async def test_a_replay_without_anything_to_do_logs_nothing(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (await client.post("/replay", json={})).status_code == 200
    assert capsys.readouterr().out == ""


async def test_the_bounds_and_the_dry_run(
    client: httpx.AsyncClient, bucket: Bucket, topic: Topic
) -> None:
    bucket.put("spill/a", spilled(message(1)))
    request = {"from": "2026-11-22T10:00:00Z", "to": "2026-11-22T11:00:00Z", "dry_run": True}
    assert (await client.post("/replay", json=request)).json()["objects"] == 1
    assert topic.messages == []
    request = {"from": "2026-11-22T10:00:01Z"}
    assert (await client.post("/replay", json=request)).json()["objects"] == 0


async def test_refused_bodies_are_accepted_again_or_wait_for_the_partners(
    client: httpx.AsyncClient, bucket: Bucket, topic: Topic, partners: Partners
) -> None:
    body = b64encode(b'{"event": "a", "value": {"project": "acme-prod"}}').decode()
    record = Quarantined("project_unknown", "acme", "chat", "2026-11-20T10:00:00Z", body)
    bucket.put("quarantine/project_unknown/acme/chat/a", msgspec.json.encode(record))
    known, partners.projects = partners.projects, None
    answer = await client.post("/replay", json={"prefix": "quarantine/"})
    title = "Not finished: partners_unavailable"
    assert (answer.status_code, answer.json()["title"]) == (503, title)
    partners.projects = known
    answer = await client.post("/replay", json={"prefix": "quarantine/"})
    assert (answer.json()["events"], answer.json()["days"]) == (1, ["2026-11-20"])
    assert [message.attributes.project for message in topic.messages] == ["acme-prod"]
    assert bucket.contents == {}


async def test_an_object_stays_while_one_of_its_events_is_refused(
    client: httpx.AsyncClient, bucket: Bucket, topic: Topic
) -> None:
    event = '{"event": "a", "value": {"project": "%s"}}'
    body = b64encode(f"[{event % 'acme-prod'},{event % 'other'}]".encode()).decode()
    ids = {0: "one", 1: "two"}
    record = Quarantined(
        "project_unknown", "acme", "chat", "2026-11-20T10:00:00Z", body, ingest_ids=ids
    )
    name = "quarantine/project_unknown/acme/chat/a"
    bucket.put(name, msgspec.json.encode(record))
    for dry_run, published in ((True, []), (False, ["one"]), (False, ["one", "one"])):
        request = {"prefix": "quarantine/", "dry_run": dry_run}
        answer = (await client.post("/replay", json=request)).json()
        assert (answer["objects"], answer["events"], answer["failed"]) == (0, 1, [name])
        assert answer["days"] == ["2026-11-20"]
        assert topic.ids == published
    assert list(bucket.contents) == [name]


async def test_dead_letters_are_named_as_the_source(
    client: httpx.AsyncClient, letters: Letters, bucket: Bucket, topic: Topic
) -> None:
    bucket.put("spill/a", spilled(message(1)))
    letters.put(message(2))
    expected = {
        "objects": 0,
        "events": 1,
        "days": ["2026-11-22"],
        "remaining": 0,
        "quarantined": 0,
        "failed": [],
    }
    request = {"source": "dead_letters", "dry_run": True}
    assert (await client.post("/replay", json=request)).json() == expected
    assert topic.ids == []
    assert (await client.post("/replay", json={"source": "dead_letters"})).json() == expected
    assert topic.ids == ["id-2"]


async def test_an_outage_is_503_with_what_was_done(
    client: httpx.AsyncClient, bucket: Bucket, topic: Topic
) -> None:
    bucket.put("spill/a", spilled(message(1)))
    topic.failure = "UNAVAILABLE"
    answer = await client.post("/replay")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["remaining"], answer.json()["title"]) == (
        1,
        "Not finished: publish_failed",
    )


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"\xff": 1}',
        b'{"prefix": ""}',
        b'{"prefix": "partners/"}',
        b'{"prefix": "on_hold/"}',
        b'{"from": "yesterday"}',
        b'{"from": "2026-11-22T10:00:00"}',
        b'{"dry_run": "yes"}',
        b'{"source": "topic"}',
        b'{"source": "dead_letters", "prefix": "spill/"}',
        b'{"source": "dead_letters", "from": "2026-11-22T10:00:00Z"}',
        b'{"source": "dead_letters", "to": "2026-11-22T10:00:00Z"}',
        b'{"dry-run": true}',
    ],
)
async def test_a_malformed_request_is_400(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await client.post("/replay", content=body)).status_code == 400


async def test_settling_reports_what_it_did(
    client: httpx.AsyncClient, statements: Statements, capsys: pytest.CaptureFixture[str]
) -> None:
    statements.answers["find_days_with_copies"] = [datetime(2026, 11, 20, tzinfo=UTC)]
    answer = await client.post("/settle", json={"days": ["2026-11-20"]})
    expected = {
        "days": ["2026-11-20"],
        "copies": 2,
        "identities": 1,
        "emptied": 0,
        "remaining": 0,
        "failed": "",
    }
    assert (answer.status_code, answer.json()) == (200, expected)
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line == {"severity": "INFO", "message": "settled", **expected, "version": __version__}


async def test_a_settling_that_failed_is_503(
    client: httpx.AsyncClient, statements: Statements
) -> None:
    statements.failing.add("merge_identities")
    answer = await client.post("/settle")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert (answer.json()["failed"], answer.json()["remaining"]) == ("merge_identities", 1)


async def test_refreshing_reports_what_it_did(
    client: httpx.AsyncClient, statements: Statements, capsys: pytest.CaptureFixture[str]
) -> None:
    statements.answers["find_news"] = refreshed(each_day(date(2026, 1, 1), NOW.date()), NOW)
    answer = await client.post("/refresh", json={"from": "2026-11-22", "to": "2026-11-22"})
    expected = {"days": ["2026-11-22"], "rows": 6, "remaining": [], "failed": ""}
    assert (answer.status_code, answer.json()) == (200, expected)
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line == {"severity": "INFO", "message": "refreshed", **expected, "version": __version__}


async def test_a_refresh_that_failed_is_503_and_says_what_is_left(
    client: httpx.AsyncClient, statements: Statements
) -> None:
    statements.failing.add("refresh_rooms")
    answer = await client.post("/refresh", json={"from": "2026-11-21"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert answer.json()["failed"] == "refresh_rooms"
    assert answer.json()["remaining"] == [{"from": "2026-11-21", "to": "2026-11-22"}]


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"\xff": 1}',
        b'{"from": "yesterday"}',
        b'{"days": []}',
        b'{"from": "2026-11-22", "to": "2026-11-21"}',
    ],
)
async def test_a_malformed_refresh_request_is_400(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await client.post("/refresh", content=body)).status_code == 400


@pytest.mark.parametrize("body", [b"[]", b'{"days": ["yesterday"]}', b'{"day": "2026-11-20"}'])
async def test_a_malformed_settle_request_is_400(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await client.post("/settle", content=body)).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/health", 200, None),
        ("HEAD", "/health", 200, None),
        ("POST", "/health", 405, "GET, HEAD"),
        ("GET", "/replay", 405, "POST"),
        ("GET", "/settle", 405, "POST"),
        ("GET", "/refresh", 405, "POST"),
        ("POST", "/", 404, None),
        ("POST", "/replay/", 404, None),
    ],
)
async def test_paths_and_methods(
    client: httpx.AsyncClient, method: str, path: str, status: int, allow: str | None
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers.get("allow")) == (status, allow)


@pytest.mark.parametrize("name", ["CELL", "PARTNERS_FILE", "DEAD_LETTER_SUBSCRIPTION"])
def test_a_missing_setting_is_named(name: str) -> None:
    environ = {
        "CELL": "eu",
        "PARTNERS_FILE": "partners.json",
        "GCP_PROJECT": "p",
        "EVENTS_TOPIC": "projects/p/topics/t",
        "DEAD_LETTER_SUBSCRIPTION": "projects/p/subscriptions/s",
        "PUBSUB_ENDPOINT": "http://127.0.0.1:1",
        "STORAGE_ENDPOINT": "http://127.0.0.1:1",
        "BUCKET": "b",
    }
    with pytest.raises(ValueError, match=name):
        app.create({key: value for key, value in environ.items() if key != name})
