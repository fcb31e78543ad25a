import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from functions.events.attributes import format_time
from functions.google.storage import Bucket, BucketUnavailable
from functions.load import app
from functions.load.delivery_filter import DeliveryFilter
from functions.load.tally import LoadTally
from functions.observe.tally import Paced
from functions.web.intake import Intake

ATTRIBUTES = {
    "ingest_id": "0199d6a2-6a5c-7d4e-8c3f-0123456789ab",
    "received_at": format_time(datetime.now(UTC)),
    "kind": "chat",
    "partner": "demo",
    "project": "dev",
}


def push(body: object, **attributes: str) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    message = {
        "data": base64.b64encode(data).decode(),
        "attributes": ATTRIBUTES | attributes,
        "messageId": "1",
    }
    return json.dumps({"message": message, "subscription": "s"}).encode()


def event(user: str, room: str = "r") -> dict[str, object]:
    return {"event": "room_opened", "value": {"user_id": user, "event_id": room}}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    objects: dict[str, bytes] = {}

    async def write(self: Bucket, name: str, data: bytes, **_: object) -> None:
        objects[name] = data

    monkeypatch.setattr(Bucket, "write", write)
    return objects


@pytest.fixture
def settings(write_stub: Any, bucket: dict[str, bytes], tmp_path: Path) -> dict[str, str]:
    keys = tmp_path / "pseudonym"
    keys.mkdir()
    (keys / "1").write_text(base64.b64encode(bytes(range(32))).decode())
    (tmp_path / "closed.json").write_text('{"partners": {}}')
    return {
        "CELL": "eu",
        "GCP_PROJECT": "local",
        "BIGQUERY_WRITE_ENDPOINT": write_stub.endpoint,
        "STORE_DATASET": "projects/local/datasets/chat_eu_store",
        "PSEUDONYM_KEYS": str(keys),
        "CLOSED_FILE": str(tmp_path / "closed.json"),
        "STORAGE_ENDPOINT": "http://127.0.0.1:1",
        "BUCKET": "local-chat-eu",
        "APPEND_DEADLINE_SECONDS": "2",
    }


def client_of(settings: dict[str, str]) -> httpx.AsyncClient:
    """Return a client of the function; call this inside the running event loop."""
    transport = httpx.ASGITransport(app.create(settings))
    return httpx.AsyncClient(transport=transport, base_url="http://load")


@pytest.fixture
async def client(settings: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(settings) as opened:
        yield opened


async def test_a_delivery_is_acknowledged_when_its_rows_are_stored(
    client: httpx.AsyncClient, write_stub: Any
) -> None:
    answer = await client.post("/", content=push(event("u")))
    assert (answer.status_code, answer.content) == (204, b"")
    [row] = write_stub.of_table("events_v1")
    [identity] = write_stub.of_table("identities_v1")
    assert (row["ingest_id"], row["room_id"]) == (ATTRIBUTES["ingest_id"], "r")
    assert (row["user_key"], identity["user_id"]) == (identity["user_key"], "u")


async def test_a_room_event_is_in_a_table_of_its_own(
    client: httpx.AsyncClient, write_stub: Any
) -> None:
    body = {"event": "room_created", "value": {"name": "Final", "speakers": ["u"]}}
    assert (await client.post("/", content=push(body, kind="room"))).status_code == 204
    [row] = write_stub.of_table("room_events_v1")
    assert row["room"]["name"] == "Final"
    assert write_stub.of_table("events_v1") == []


async def test_the_day_of_a_late_delivery_is_noted(
    client: httpx.AsyncClient, write_stub: Any
) -> None:
    late = push(event("u"), received_at="2026-10-01T23:59:59.999999Z")
    answers = await asyncio.gather(*(client.post("/", content=late) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {204}
    [note] = write_stub.of_table("late_days_v1")
    day = date(1970, 1, 1) + timedelta(days=note["day"])
    assert (day, note["reason"]) == (date(2026, 10, 1), "late")
    tables = [name.split("/")[-3] for name in write_stub.tables]
    assert tables[0] == "late_days_v1"
    assert tables.count("events_v1") == 20


async def test_concurrent_deliveries_share_appends(
    client: httpx.AsyncClient, write_stub: Any
) -> None:
    answers = await asyncio.gather(
        *(client.post("/", content=push(event("u", room=str(n)))) for n in range(100))
    )
    assert {answer.status_code for answer in answers} == {204}
    rows = write_stub.of_table("events_v1")
    assert sorted(int(row["room_id"]) for row in rows) == list(range(100))
    assert len({row["delivery_id"] for row in rows}) == 100
    assert len(write_stub.sizes) < 50


async def test_a_bad_row_does_not_affect_other_rows(
    client: httpx.AsyncClient, write_stub: Any, bucket: dict[str, bytes]
) -> None:
    write_stub.refuse = lambda row: row.get("room_id") == "bad"
    answers = await asyncio.gather(
        *(client.post("/", content=push(event("u", room=room))) for room in ("a", "bad", "c"))
    )
    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert {row["room_id"] for row in write_stub.of_table("events_v1")} == {"a", "c"}
    [(name, kept)] = bucket.items()
    assert name.startswith("quarantine/row_refused/demo/chat/")
    assert json.loads(base64.b64decode(json.loads(kept)["body"])) == event("u", room="bad")


async def test_without_a_bucket_a_bad_message_comes_again(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write(*_: object, **__: object) -> None:
        raise BucketUnavailable("ConnectionError")

    monkeypatch.setattr(Bucket, "write", write)
    answer = await client.post("/", content=push(b"{"))
    assert answer.status_code == 503
    assert answer.json()["title"] == "Not stored: quarantine_unavailable"


async def test_a_cut_connection_is_not_noticed(client: httpx.AsyncClient, write_stub: Any) -> None:
    write_stub.script.extend(["cut"])
    assert (await client.post("/", content=push(event("u")))).status_code == 204
    assert len(write_stub.of_table("events_v1")) == 1


async def test_a_failing_service_is_503(client: httpx.AsyncClient, write_stub: Any) -> None:
    write_stub.script.extend(["error"] * 2)
    answer = await client.post("/", content=push(event("u")))
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"title": "Not stored: schema_mismatch", "status": 503}


async def test_a_bad_row_that_is_not_named_does_not_affect_other_rows(
    client: httpx.AsyncClient, write_stub: Any, bucket: dict[str, bytes]
) -> None:
    write_stub.names_bad_rows = False
    write_stub.refuse = lambda row: row.get("room_id") == "7"
    answers = await asyncio.gather(
        *(client.post("/", content=push(event("u", room=str(n)))) for n in range(50))
    )
    assert {answer.status_code for answer in answers} == {204}
    assert len(write_stub.of_table("events_v1")) == 49
    [name] = bucket
    assert name.startswith("quarantine/row_refused/demo/chat/")


async def test_a_lost_answer_leaves_copies_that_can_be_told_apart(
    client: httpx.AsyncClient, write_stub: Any
) -> None:
    write_stub.script.extend(["cut_after_storing"])
    await client.post("/", content=push({"event": "room_opened", "value": {"event_id": "r"}}))
    first, second = write_stub.of_table("events_v1")
    assert first["ingest_id"] == second["ingest_id"]
    assert first["delivery_id"] != second["delivery_id"]
    assert first | {"delivery_id": ""} == second | {"delivery_id": ""}


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/health", 200, None),
        ("HEAD", "/health", 200, None),
        ("POST", "/health", 405, "GET, HEAD"),
        ("GET", "/", 405, "POST"),
        ("PUT", "/", 405, "POST"),
        ("POST", "/else", 404, None),
    ],
)
async def test_routes(
    client: httpx.AsyncClient, method: str, path: str, status: int, allow: str | None
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers.get("allow")) == (status, allow)


async def test_a_request_that_is_not_a_push_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/", content=b"{}")
    assert (answer.status_code, answer.json()["title"]) == (400, "Not a Pub/Sub push")


async def test_events_of_a_closed_partner_are_not_kept(
    client: httpx.AsyncClient, write_stub: Any, bucket: dict[str, bytes], tmp_path: Path
) -> None:
    entry = {"projects": ["dev"], "closed_at": "2026-11-22T14:00:00Z"}
    (tmp_path / "closed.json").write_text(json.dumps({"partners": {"demo": entry}}))
    for body in (event("u"), b"no json"):
        assert (await client.post("/", content=push(body))).status_code == 204
    assert (write_stub.stored, bucket) == ([], {})


async def test_without_the_closed_list_pubsub_is_asked_to_come_again(
    client: httpx.AsyncClient, write_stub: Any, bucket: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "closed.json").unlink()
    answer = await client.post("/", content=push(event("u")))
    assert (answer.status_code, answer.json()["title"]) == (503, "Not stored: closed_unavailable")
    assert (write_stub.stored, bucket) == ([], {})


async def test_a_push_may_come_in_pieces(client: httpx.AsyncClient, write_stub: Any) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        whole = push(event("u"))
        yield whole[:10]
        yield whole[10:]

    assert (await client.post("/", content=pieces())).status_code == 204
    assert len(write_stub.of_table("events_v1")) == 1


async def whole() -> dict[str, Any]:
    """Return a message with as many bytes as the intake of these tests may hold."""
    return {"type": "http.request", "body": bytes(1_000)}


async def test_an_incomplete_push_is_refused() -> None:
    coming: Iterator[dict[str, Any]] = iter(
        [
            {"type": "http.request", "body": push(event("u"))[:-1], "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive() -> dict[str, Any]:
        return next(coming)

    tally, intake = LoadTally(), Intake(1_000)
    unused = DeliveryFilter(cast("Any", None), cast("Any", None), tally)
    answer = await app.answer(unused, intake, tally, Paced(tally.write), receive)
    assert answer.status_code == 400
    intake.release(await intake.read(whole))  # has room, because no byte of the push is held


async def test_a_push_whose_connection_fails_is_not_held() -> None:
    coming: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": push(event("u"))[:-1], "more_body": True}]
    )

    async def receive() -> dict[str, Any]:
        for message in coming:
            return message
        raise ConnectionResetError

    tally, intake = LoadTally(), Intake(1_000)
    unused = DeliveryFilter(cast("Any", None), cast("Any", None), tally)
    with pytest.raises(ConnectionResetError):
        await app.answer(unused, intake, tally, Paced(tally.write), receive)
    intake.release(await intake.read(whole))


async def test_pushes_that_memory_has_no_room_for_come_again(
    settings: dict[str, str], write_stub: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    complete = push(event("u"))
    reading, gate = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield complete[:-1]
        reading.set()
        await gate.wait()
        yield complete[-1:]

    async with client_of(settings | {"MAX_WAITING_BYTES": str(len(complete))}) as client:
        first = asyncio.create_task(client.post("/", content=slow()))
        await reading.wait()
        answer = await client.post("/", content=complete)
        assert (answer.status_code, answer.json()["title"]) == (503, "Not stored: queue_full")
        gate.set()
        assert (await first).status_code == 204
        assert (await client.post("/", content=complete)).status_code == 204
    assert len(write_stub.of_table("events_v1")) == 2
    assert '"refused":{"queue_full":1}' in capsys.readouterr().out


async def test_a_missing_setting_is_named() -> None:
    with pytest.raises(ValueError, match="CELL"):
        app.create({})
