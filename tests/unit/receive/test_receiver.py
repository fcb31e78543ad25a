"""Every answer of the receiver, and the events and bodies that it then keeps."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx
import msgspec
import pytest
from starlette.types import Message

from functions.acceptance.ingest_id import is_fresh
from functions.google.storage import BucketUnavailable
from functions.receive.durable import NotDurable
from functions.receive.receiver import Receiver
from functions.receive.settings import Settings
from functions.receive.tally import ReceiveTally
from functions.retained.quarantine import decode
from functions.web.batching import QueueFull
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.durable import Durable
from tests.unit.receive.conftest import client_of, receiver_of
from tests.unit.receive.stand_ins import (
    ONE_PROJECT_TOKEN,
    PARTNERS,
    TOKEN,
)

EVENTS = f"/events/{TOKEN}"
SECRET = "3b1e-Zoë-secret"


def event(name: str = "emoji_sent", project: str | None = "acme-prod", **value: Any) -> Any:
    return {"event": name, "value": value | ({"project": project} if project else {})}


async def test_one_event_is_published_with_the_senders_own_bytes(
    sender: httpx.AsyncClient, durable: Durable
) -> None:
    body = b' {"event" : "emoji_sent", "value": {"project":"acme-prod","n": 1.0e0}} '
    answer = await sender.post(EVENTS, content=body)
    assert answer.status_code == 200
    [message] = durable.messages
    assert message.data.strip() == body.strip()
    attributes = message.attributes.to_mapping()
    assert answer.json() == {
        "accepted": 1,
        "results": [{"status": 200, "ingest_id": attributes.pop("ingest_id")}],
    }
    assert attributes.pop("received_at").endswith("Z")
    assert attributes == {
        "kind": "chat",
        "partner": "acme",
        "project": "acme-prod",
        "event": "emoji_sent",
    }


async def test_the_token_may_come_as_bearer(sender: httpx.AsyncClient, durable: Durable) -> None:
    headers = {"Authorization": f"bearer {TOKEN}"}
    answer = await sender.post("/rooms", json=event("room_created"), headers=headers)
    assert answer.status_code == 200
    assert durable.messages[0].attributes.kind == "room"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/events", {}),
        ("/events/wrong", {}),
        ("/events/wrong", {"Authorization": "Basic YTpi"}),
        ("/rooms", {"Authorization": "Bearer"}),
        ("/events", {"Authorization": f"Bearer {TOKEN}x"}),
        ("/events/%ff%00", {}),
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_bad_credentials_are_401(
    sender: httpx.AsyncClient, durable: Durable, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = await sender.request(method, path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert durable.messages == []


@pytest.mark.parametrize(
    "path",
    ["/", "/event", "/events//", "/events/a/b", "/events/a//", "/healthz", "/x/events", "//events"],
)
async def test_other_paths_are_404(sender: httpx.AsyncClient, path: str) -> None:
    assert (await sender.post(path)).status_code == 404


@pytest.mark.parametrize("path", [f"{EVENTS}/", "/events/"])
async def test_a_slash_at_the_end_makes_no_difference(
    sender: httpx.AsyncClient, durable: Durable, path: str
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert (await sender.get(path, headers=headers)).status_code == 200
    assert (await sender.post(path, json=event(), headers=headers)).status_code == 200
    assert (await sender.get("/health/")).status_code == 200
    assert len(durable.messages) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_bare_get_stores_nothing(
    sender: httpx.AsyncClient, durable: Durable, method: str
) -> None:
    assert (await sender.request(method, EVENTS)).status_code == 200
    assert (await sender.request(method, "/health")).status_code == 200
    assert durable.messages == []


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", EVENTS + "?event=emoji_sent", "POST"),
        ("HEAD", EVENTS + "?a", "POST"),
        ("PUT", EVENTS, "GET, HEAD, POST"),
        ("DELETE", "/rooms", "GET, HEAD, POST"),
        ("POST", "/health", "GET, HEAD"),
    ],
)
async def test_other_methods_are_405(
    sender: httpx.AsyncClient, method: str, path: str, allow: str
) -> None:
    answer = await sender.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allow


async def test_a_body_that_is_not_json_is_400_and_quarantined_once(
    sender: httpx.AsyncClient, durable: Durable, bucket: Bucket
) -> None:
    for _ in range(2):
        answer = await sender.post(EVENTS, content=f'{{"event": "{SECRET}')
        assert answer.status_code == 400
        assert SECRET not in answer.text
    assert durable.messages == []
    assert len(bucket.contents) == 1
    assert next(iter(bucket.contents)).startswith("quarantine/not_json/acme/chat/")


async def test_a_cut_line_is_one_result_and_the_others_are_stored(
    sender: httpx.AsyncClient, durable: Durable, bucket: Bucket
) -> None:
    line = json.dumps(event())
    answer = await sender.post(EVENTS, content=f'{line}\n{line[:-9]}\n{line}\n{{"ev')
    assert (answer.status_code, answer.json()["accepted"]) == (200, 2)
    assert [result["status"] for result in answer.json()["results"]] == [200, 400, 200, 400]
    assert answer.json()["results"][1] == {"status": 400, "reason": "not_json"}
    assert len(durable.messages) == 2
    [(name, (content, *_))] = bucket.contents.items()
    assert name.startswith("quarantine/not_json/acme/chat/")
    record, body = decode(content)
    assert [*record.ingest_ids] == [1, 3]
    assert body == f'{line[:-9]}\n{{"ev'.encode()
    large = json.dumps(event(text="a" * 2_000))
    answer = await sender.post(EVENTS, content=f"{line[:-9]}\n{large}")
    assert (answer.status_code, answer.json()["reason"]) == (400, "not_json")
    assert [result["status"] for result in answer.json()["results"]] == [400, 413]
    rest = f'{json.dumps(event(project="only"))}\n{{"event":'
    answer = await sender.post(EVENTS, content=rest)
    assert (answer.status_code, answer.json()["reason"]) == (422, "project_unknown")


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        ('{"event":"a","Event":"b","value":{}}', "event_ambiguous", "event"),
        ('{"payload":{"event":"a","value":{}}}', "event_misplaced", "event"),
        (
            '{"event":"a","value":{"project":"a"},"project":"b"}',
            "project_ambiguous",
            "value.project",
        ),
    ],
)
async def test_a_body_with_two_events_or_a_hidden_one_is_422_and_quarantined(
    sender: httpx.AsyncClient, durable: Durable, bucket: Bucket, body: str, reason: str, field: str
) -> None:
    answer = await sender.post(EVENTS, content=body)
    assert answer.status_code == 422
    assert (answer.json()["reason"], answer.json()["field"]) == (reason, field)
    assert durable.messages == []
    [(name, (content, *_))] = bucket.contents.items()
    assert name.startswith(f"quarantine/{reason}/acme/chat/")
    assert decode(content)[1] == body.encode()
    long = body.replace("{", f'{{"x":"{"x" * 1_000}",', 1)
    assert (await sender.post(EVENTS, content=long)).status_code == 413


async def test_a_wrapped_event_is_published_without_what_is_around_it(
    sender: httpx.AsyncClient, durable: Durable
) -> None:
    plain = json.dumps(event())
    for body in (json.dumps(plain), f'{{"data":{plain}}}', f'{{"data":{json.dumps(plain)}}}'):
        assert (await sender.post(EVENTS, content=body)).status_code == 200
    assert [message.data for message in durable.messages] == [plain.encode()] * 3
    assert {message.attributes.event for message in durable.messages} == {"emoji_sent"}


async def test_a_project_of_another_cell_is_421_and_stores_nothing(
    sender: httpx.AsyncClient, durable: Durable, bucket: Bucket
) -> None:
    answer = await sender.post(EVENTS, json=[event(), event(project="acme-us")])
    assert answer.status_code == 421
    assert answer.json()["field"] == "value.project"
    assert [result["status"] for result in answer.json()["results"]] == [421, 421]
    assert durable.messages == []
    assert bucket.contents == {}


@pytest.mark.parametrize(
    ("project", "reason"), [("only", "project_unknown"), (None, "project_missing")]
)
async def test_a_project_that_is_not_the_partners_is_422_and_quarantined(
    sender: httpx.AsyncClient, durable: Durable, bucket: Bucket, project: str | None, reason: str
) -> None:
    answer = await sender.post(EVENTS, json=event(project=project))
    assert answer.status_code == 422
    assert answer.json()["reason"] == reason
    assert durable.messages == []
    assert next(iter(bucket.contents)).startswith(f"quarantine/{reason}/acme/chat/")


async def test_a_missing_project_is_the_partners_only_one(
    sender: httpx.AsyncClient, durable: Durable
) -> None:
    answer = await sender.post(f"/events/{ONE_PROJECT_TOKEN}", json=event(project=None))
    assert answer.status_code == 200
    assert durable.messages[0].attributes.project == "only"


async def test_good_and_bad_events_of_one_request(
    sender: httpx.AsyncClient, durable: Durable, bucket: Bucket
) -> None:
    body = [event(), event(project="only"), event(text="x" * 2_000), 17, event("name_set")]
    answer = await sender.post(EVENTS, json=body)
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 3
    assert [result["status"] for result in answer.json()["results"]] == [200, 422, 413, 200, 200]
    assert [message.attributes.kind for message in durable.messages] == ["chat", "test", "chat"]
    assert [name.split("/")[1] for name in bucket.contents] == [
        "project_unknown",
        "event_too_large",
    ]


async def test_events_with_the_same_fault_are_one_object(
    sender: httpx.AsyncClient, bucket: Bucket
) -> None:
    """A thousand refused events must not cost a thousand writes, but each of them is kept."""
    writes: list[str] = []
    bucket.before = writes.append
    body = [event(project=project) for project in ("a", "acme-prod", "b", "a", "a")]
    answer = await sender.post(EVENTS, json=[*body, event(project=None)])
    statuses = [result["status"] for result in answer.json()["results"]]
    assert statuses == [422, 200, 422, 422, 422, 422]
    assert writes == ["create"] * 2
    records = [decode(content) for content, *_ in bucket.contents.values()]
    assert [(record.reason, list(record.ingest_ids)) for record, _ in records] == [
        ("project_unknown", [0, 2, 3, 4]),
        ("project_missing", [5]),
    ]
    assert json.loads(records[0][1]) == [body[0], body[2], body[3], body[4]]


@pytest.mark.parametrize("body", ["{}", "[]", "null", "7", '"x"', '{"event":""}', '{"event":7}'])
async def test_json_without_an_event_name_is_the_test_button(
    sender: httpx.AsyncClient, durable: Durable, body: str
) -> None:
    answer = await sender.post(EVENTS, content=body)
    assert answer.status_code == 200
    [message] = durable.messages
    assert message.data == body.encode()
    assert message.attributes.kind == "test"
    assert message.attributes.project is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"x" * 10_001, "request_too_large"),
        (json.dumps([event()] * 21).encode(), "too_many_events"),
        (json.dumps(event(text="x" * 2_000)).encode(), "event_too_large"),
    ],
)
@pytest.mark.parametrize("chunked", [True, False])
async def test_a_body_over_a_limit_is_413(
    sender: httpx.AsyncClient, durable: Durable, body: bytes, reason: str, *, chunked: bool
) -> None:
    async def chunks() -> Any:
        yield body[:50]
        yield body[50:]

    answer = await sender.post(EVENTS, content=chunks() if chunked else body)
    assert answer.status_code == 413
    assert answer.json()["reason"] == reason
    assert durable.messages == []


@pytest.mark.parametrize("failure", [NotDurable, QueueFull])
async def test_an_event_that_is_not_published_is_503(
    sender: httpx.AsyncClient, durable: Durable, failure: type[NotDurable | QueueFull]
) -> None:
    durable.failure = failure()
    answer = await sender.post(EVENTS, json=event())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "results" not in answer.json()


@pytest.mark.parametrize("body", [b"no json", json.dumps([event(), event(project="only")])])
async def test_a_request_that_cannot_be_quarantined_is_503_and_not_published(
    sender: httpx.AsyncClient, durable: Durable, bucket: Bucket, body: bytes
) -> None:
    bucket.failing = {"create"}
    assert (await sender.post(EVENTS, content=body)).status_code == 503
    assert durable.messages == []


async def test_no_write_outlives_the_answer(settings: Settings, durable: Durable) -> None:
    class Slow(Writer):
        running = 0

        async def write(self, name: str, data: bytes, **_: object) -> None:
            if list(decode(data)[0].ingest_ids) == [0]:
                raise BucketUnavailable
            self.running += 1
            await asyncio.sleep(0.01)
            self.running -= 1

    slow = Slow(Bucket())
    async with client_of(receiver_of(settings, durable, slow, ReceiveTally()).handle) as sender:
        body = [event(project="x"), event(project=None), event(text="x" * 2_000)]
        answer = await sender.post(EVENTS, json=body)
    assert (answer.status_code, slow.running) == (503, 0)


async def test_unknown_projects_of_a_request_share_an_object(
    settings: Settings, durable: Durable, bucket: Bucket
) -> None:
    settings = msgspec.structs.replace(
        settings, max_request_events=1_000, max_request_bytes=100_000
    )
    receiver = receiver_of(settings, durable, Writer(bucket), ReceiveTally())
    async with client_of(receiver.handle) as sender:
        body = [event(project=f"x{number}") for number in range(999)]
        answer = await sender.post(EVENTS, json=[*body, event(project=None)])
    assert answer.status_code == 422
    assert len(answer.json()["results"]) == 1_000
    ids = {
        name.split("/")[1]: list(decode(content)[0].ingest_ids)
        for name, (content, _, _) in bucket.contents.items()
    }
    assert ids == {"project_unknown": list(range(999)), "project_missing": [999]}


@pytest.fixture
async def limited(
    settings: Settings, durable: Durable, bucket: Bucket
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a receiver that quarantines at most two objects of a partner on a day."""
    settings = msgspec.structs.replace(settings, max_quarantined_objects=2)
    receiver = receiver_of(settings, durable, Writer(bucket), ReceiveTally())
    async with client_of(receiver.handle) as sender:
        yield sender


async def test_beyond_the_quota_nothing_is_kept_and_the_answer_says_so(
    limited: httpx.AsyncClient, durable: Durable, bucket: Bucket
) -> None:
    for body in (b"no json", b"none either"):
        for _ in range(3):
            assert (await limited.post(EVENTS, content=body)).status_code == 400
    kept = set(bucket.contents)
    assert len(kept) == 2
    answers = [
        await limited.post(EVENTS, content=b"still none"),
        await limited.post(EVENTS, json=[event(), event(project="only")]),
        await limited.post(EVENTS, json=[event(project="only"), event(project=None)]),
    ]
    assert [answer.status_code for answer in answers] == [429, 429, 429]
    assert {answer.json()["reason"] for answer in answers} == {"quarantine_full"}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert answers[1].json()["results"] == [
        {"status": 429, "reason": "refused_together"},
        {"status": 429, "reason": "quarantine_full"},
    ]
    assert (durable.messages, set(bucket.contents)) == ([], kept)

    assert (await limited.post(EVENTS, json=event())).status_code == 200, "good events need none"
    solo = f"/events/{ONE_PROJECT_TOKEN}"
    assert (await limited.post(solo, content=b"no json")).status_code == 400, "solo has its own"


async def test_beyond_the_quota_an_event_that_pubsub_refuses_is_503(
    limited: httpx.AsyncClient, durable: Durable
) -> None:
    for body in (b"no json", b"none either"):
        await limited.post(EVENTS, content=body)
    durable.refused = [1]
    answer = await limited.post(EVENTS, json=[event(), event()])
    assert (answer.status_code, answer.json()["reason"]) == (503, "bucket_unavailable")


async def test_two_authorization_headers_are_refused(
    sender: httpx.AsyncClient, durable: Durable
) -> None:
    good = ("Authorization", f"Bearer {TOKEN}")
    other = ("Authorization", "Bearer other")
    for headers in ([good, other], [other, good], [good, good]):
        assert (await sender.post("/events", json=event(), headers=headers)).status_code == 401
    assert durable.messages == []
    assert (await sender.post("/events", json=event(), headers=[good])).status_code == 200


@pytest.mark.parametrize("header", ["webhook-id", "Idempotency-Key"])
async def test_a_retry_with_the_senders_id_is_the_same_event(
    sender: httpx.AsyncClient, durable: Durable, partners_file: Any, header: str
) -> None:
    count_request_ids(partners_file)
    for _ in range(2):
        await sender.post(EVENTS, json=[event(), event()], headers={header: "msg_1"})
    await sender.post("/rooms/" + TOKEN, json=event(), headers={header: "msg_1"})
    ids = [message.attributes.ingest_id for message in durable.messages]
    assert ids[:2] == ids[2:4]
    assert len(set(ids)) == 3


def count_request_ids(partners_file: Any) -> None:
    """Let the partner's record say that its request ids are unique."""
    record = PARTNERS["acme"] | {"request_ids": True}
    partners_file.write_text(json.dumps({"partners": PARTNERS | {"acme": record}}))


async def test_ids_of_requests_do_not_count_unless_the_partner_says_so(
    sender: httpx.AsyncClient, durable: Durable
) -> None:
    """Some systems send the same id with all requests of a subscription."""
    for _ in range(2):
        await sender.post(EVENTS, json=event(), headers={"webhook-id": "always"})
    ids = [message.attributes.ingest_id for message in durable.messages]
    assert len(set(ids)) == 2
    assert all(map(is_fresh, ids))


async def test_bodies_with_the_same_id_are_different_events(
    sender: httpx.AsyncClient, durable: Durable, partners_file: Any
) -> None:
    count_request_ids(partners_file)
    for number in range(3):
        await sender.post(EVENTS, json=event(number=number), headers={"webhook-id": "always"})
    assert len({message.attributes.ingest_id for message in durable.messages}) == 3


async def test_the_part_of_a_request_that_was_refused_can_be_sent_again(
    sender: httpx.AsyncClient, durable: Durable, bucket: Bucket, partners_file: Any
) -> None:
    count_request_ids(partners_file)
    headers = {"webhook-id": "msg_1"}
    whole = [event(), event(project="a"), event(), event(project="a")]
    await sender.post(EVENTS, json=whole, headers=headers)
    [(content, *_)] = bucket.contents.values()
    record, body = decode(content)
    assert (list(record.ingest_ids), record.sender_id) == ([1, 3], "")
    accepted = [message.attributes.ingest_id for message in durable.messages]
    assert len({*accepted, *record.ingest_ids.values()}) == 4
    await sender.post(EVENTS, json=[whole[1], whole[3]], headers=headers)
    await sender.post(EVENTS, json=[whole[0]], headers=headers)
    assert [message.attributes.ingest_id for message in durable.messages] == [
        *accepted,
        accepted[0],
    ]
    assert len(bucket.contents) == 1, "the same refused events are the same object"
    assert json.loads(body) == whole[1::2]


async def test_without_the_partners_secret_no_sender_is_accepted(
    sender: httpx.AsyncClient, durable: Durable, partners_file: Any
) -> None:
    partners_file.unlink()
    assert (await sender.post(EVENTS, json=event())).status_code == 503
    assert (await sender.get("/health")).status_code == 503
    assert durable.messages == []


async def test_an_error_in_a_partner_s_record_is_503_for_its_senders_alone(
    sender: httpx.AsyncClient,
    durable: Durable,
    partners_file: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = PARTNERS["acme"] | {"signing_secrets": [SECRET]}
    partners_file.write_text(json.dumps({"partners": PARTNERS | {"acme": record}}))
    answer = await sender.post(EVENTS, json=event())
    assert (answer.status_code, answer.json()["reason"]) == (503, "partner_faulty")
    assert int(answer.headers["retry-after"]) > 0
    others = f"/events/{ONE_PROJECT_TOKEN}"
    assert (await sender.post(others, json=event(project=None))).status_code == 200
    assert (await sender.post("/events/nobody", json=event())).status_code == 401
    assert len(durable.messages) == 1
    logged = capsys.readouterr().out
    assert '"partner":"acme","field":"signing_secrets"' in logged
    assert SECRET not in logged


async def test_an_event_of_a_disputed_project_refuses_its_request_for_now(
    sender: httpx.AsyncClient, durable: Durable, bucket: Bucket, partners_file: Any
) -> None:
    other = {"tokens_sha256": ["0" * 64], "projects": {"acme-prod": "eu"}}
    partners_file.write_text(json.dumps({"partners": PARTNERS | {"other": other}}))
    answer = await sender.post(EVENTS, json=[event(), event(project="acme-dev")])
    assert (answer.status_code, answer.json()["reason"]) == (503, "project_disputed")
    assert answer.json()["results"][0]["status"] == 503
    assert int(answer.headers["retry-after"]) > 0
    assert (durable.messages, bucket.contents) == ([], {})


async def test_an_event_that_pubsub_always_refuses_is_quarantined_and_422(
    sender: httpx.AsyncClient, durable: Durable, bucket: Bucket
) -> None:
    durable.refused = [0]
    answer = await sender.post(EVENTS, json=event())
    assert answer.status_code == 422
    assert answer.json()["reason"] == "not_publishable"
    assert next(iter(bucket.contents)).startswith("quarantine/not_publishable/acme/chat/")
    answer = await sender.post(EVENTS, json=[event(project="only"), event("a"), event("b")])
    assert answer.status_code == 200
    assert [result["status"] for result in answer.json()["results"]] == [422, 422, 200]
    assert [message.attributes.event for message in durable.messages] == ["b"]


async def ask(receiver: Receiver, messages: Iterable[Message], length: int = 1) -> dict[str, Any]:
    """Pass a request to the receiver in messages, as the server does; return the answer."""
    coming, sent = iter(messages), list[Message]()

    async def receive() -> Message:
        return next(coming)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-length", b"%d" % length)]
    scope = {"type": "http", "method": "POST", "path": EVENTS, "query_string": b""}
    await receiver.handle(scope | {"headers": headers}, receive, send)
    answer: dict[str, Any] = json.loads(sent[1]["body"])
    assert answer["status"] == sent[0]["status"]
    return answer


async def test_a_length_over_the_limit_is_refused_unread(
    settings: Settings, durable: Durable, bucket: Bucket, tally: ReceiveTally
) -> None:
    answer = await ask(receiver_of(settings, durable, Writer(bucket), tally), [], length=10_001)
    assert (answer["status"], answer["reason"]) == (413, "request_too_large")


async def test_a_body_that_turns_out_too_long_is_413(sender: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 1_000

    answer = await sender.post(EVENTS, content=endless())
    assert answer.status_code == 413
    assert answer.json()["reason"] == "request_too_large"


async def test_a_body_that_breaks_off_is_400_and_kept_nowhere(
    settings: Settings,
    durable: Durable,
    bucket: Bucket,
    tally: ReceiveTally,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = json.dumps(event()).encode()
    messages = [{"type": "http.request", "body": whole, "more_body": True}]
    receiver = receiver_of(settings, durable, Writer(bucket), tally)
    answer = await ask(receiver, [*messages, {"type": "http.disconnect"}])
    assert (answer["status"], answer["reason"]) == (400, "body_incomplete")
    assert (durable.messages, bucket.contents) == ([], {})
    assert '"refused":{"body_incomplete":1}' in capsys.readouterr().out


async def test_a_body_that_does_not_end_in_time_is_408_and_its_connection_is_closed(
    settings: Settings, durable: Durable, bucket: Bucket, tally: ReceiveTally
) -> None:
    hasty = msgspec.structs.replace(settings, body_seconds=0.01)

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with client_of(receiver_of(hasty, durable, Writer(bucket), tally).handle) as sender:
        answer = await sender.post(EVENTS, content=endless())
        assert (answer.status_code, answer.json()["reason"]) == (408, "body_late")
        assert answer.headers["connection"] == "close"
        assert (await sender.post(EVENTS, json=event())).status_code == 200
    assert len(durable.messages) == 1


async def test_unfinished_bodies_of_one_partner_are_503_for_it_alone(
    settings: Settings, durable: Durable, bucket: Bucket, tally: ReceiveTally
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * 9_000
        await asyncio.Event().wait()

    small = msgspec.structs.replace(settings, max_waiting_bytes=60_000)
    async with client_of(receiver_of(small, durable, Writer(bucket), tally).handle) as sender:
        hanging = [asyncio.create_task(sender.post(EVENTS, content=endless())) for _ in range(20)]
        refused, _ = await asyncio.wait(hanging, timeout=0.2)
        assert {task.result().json()["reason"] for task in refused} == {"queue_full"}
        others = f"/events/{ONE_PROJECT_TOKEN}"
        assert (await sender.post(others, json=event(project=None))).status_code == 200
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)


async def test_bodies_that_memory_has_no_room_for_are_503(
    settings: Settings, durable: Durable, bucket: Bucket, tally: ReceiveTally
) -> None:
    small = msgspec.structs.replace(settings, max_waiting_bytes=400)
    reading, gate = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b'{"event": "a", "value": {"project": "acme-prod", "text": "' + b"x" * 100
        reading.set()
        await gate.wait()
        yield b'"}}'

    async with client_of(receiver_of(small, durable, Writer(bucket), tally).handle) as sender:
        first = asyncio.create_task(sender.post(EVENTS, content=slow()))
        await reading.wait()
        answer = await sender.post(EVENTS, content=b"x" * 50)
        assert answer.status_code == 503
        assert answer.json()["reason"] == "queue_full"
        gate.set()
        assert (await first).status_code == 200
        assert (await sender.post(EVENTS, content=b"x" * 150)).status_code == 400


async def test_everything_is_counted_by_what_the_sender_is_told(
    sender: httpx.AsyncClient,
    durable: Durable,
    capsys: pytest.CaptureFixture[str],
    tally: ReceiveTally,
) -> None:
    await sender.post(EVENTS, json=[event(), event(), event(project="only")])
    await sender.post(EVENTS, json=[event(), event(project="acme-us")])
    await sender.post("/events/nobody", json=event())
    await sender.post(EVENTS, content=b"no json")
    await sender.get("/health")
    durable.failure = NotDurable()
    await sender.post(EVENTS, json=event())
    tally.write()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in lines] == ["received", "received"]
    assert [line["requests"] for line in lines] == [{"acme": 1}, {"acme": 3}]
    assert sum(line["accepted"] for line in lines) == 2
    assert sum(line["quarantined"] for line in lines) == 2
    assert lines[0]["refused"] == {"project_unknown": 1}
    assert lines[1]["refused"] == {
        "refused_together": 1,
        "project_elsewhere": 1,
        "token_unknown": 1,
        "not_json": 1,
        "publish_failed": 1,
    }
