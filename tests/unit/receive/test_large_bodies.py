"""Large bodies: judged aside, so that other requests are answered meanwhile."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from functions.acceptance.body import ReceivedEvent, parse
from functions.events.body import CAREFUL_BYTES
from functions.receive import receiver
from functions.receive.settings import Settings
from functions.receive.tally import ReceiveTally
from functions.retained import quarantine
from functions.retained.quarantine import Quarantined
from functions.web.aside import ASIDE_BYTES
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.durable import Durable
from tests.unit.receive.conftest import client_of, receiver_of
from tests.unit.receive.stand_ins import ONE_PROJECT_TOKEN, TOKEN

EVENTS = f"/events/{TOKEN}"
GOOD = b'{"event":"emoji_sent","value":{"project":"acme-prod","x":"%b"}}'
SPELLED = b'{"Event":"emoji_sent","Value":{"project":"acme-prod","x":"%b"}}'
FILL = b"x" * CAREFUL_BYTES


@pytest.fixture
async def sender(
    settings: Settings, durable: Durable, bucket: Bucket
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a receiver with the limits of a deployment."""
    settings = msgspec.structs.replace(
        settings, max_event_bytes=1_048_576, max_request_bytes=10_485_760, max_request_events=1_000
    )
    one = receiver_of(settings, durable, Writer(bucket), ReceiveTally())
    async with client_of(one.handle) as client:
        yield client


async def test_small_bodies_are_answered_while_a_large_one_is_judged(
    sender: httpx.AsyncClient, durable: Durable, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow(body: bytes, most: int) -> list[ReceivedEvent]:
        if len(body) > ASIDE_BYTES:
            begun.set()
            assert may_end.wait(60)
        return parse(body, most)

    monkeypatch.setattr(receiver, "parse", slow)
    large = asyncio.create_task(sender.post(EVENTS, content=GOOD % (b"x" * ASIDE_BYTES)))
    await asyncio.to_thread(begun.wait, 60)
    for token in (TOKEN, ONE_PROJECT_TOKEN):
        small = await sender.post(f"/events/{token}", content=b'{"event":"a","value":{}}')
        assert small.status_code in {200, 422}
    assert not large.done()
    may_end.set()
    assert (await large).status_code == 200
    assert max(len(message.data) for message in durable.messages) > ASIDE_BYTES


def kept(bucket: Bucket) -> list[tuple[Quarantined, bytes]]:
    return [quarantine.decode(content) for content, _, _ in bucket.contents.values()]


@pytest.mark.parametrize("body", [GOOD % FILL, SPELLED % FILL, b'{"x":"%b\\ud83d"}' % FILL])
async def test_an_event_that_is_too_large_is_quarantined(
    sender: httpx.AsyncClient, durable: Durable, bucket: Bucket, body: bytes
) -> None:
    answer = await sender.post(EVENTS, content=body)
    assert (answer.status_code, answer.json()["reason"]) == (413, "event_too_large")
    [(record, data)] = kept(bucket)
    assert (record.reason, data, durable.messages) == ("event_too_large", body, [])


@pytest.mark.parametrize("body", [FILL, GOOD % FILL + b"x", b"[%b" % (b"1," * CAREFUL_BYTES)])
async def test_a_large_body_that_is_not_json_is_quarantined(
    sender: httpx.AsyncClient, bucket: Bucket, body: bytes
) -> None:
    answer = await sender.post(EVENTS, content=body)
    assert (answer.status_code, answer.json()["reason"]) == (400, "not_json")
    [(record, data)] = kept(bucket)
    assert (record.reason, data) == ("not_json", body)


async def test_a_large_batch_with_broken_characters_is_stored(
    sender: httpx.AsyncClient, durable: Durable, bucket: Bucket
) -> None:
    half = FILL[: CAREFUL_BYTES // 2]
    batch = [
        GOOD % half,
        GOOD % b"\\ud83d",
        SPELLED % half,
        SPELLED % FILL,
        GOOD % b"\\ud83d\\ude00",
    ]
    answer = await sender.post(EVENTS, content=b"[%b]" % b" ,\n".join(batch))
    assert [result["status"] for result in answer.json()["results"]] == [200, 200, 200, 413, 200]
    assert [message.data for message in durable.messages] == [*batch[:3], batch[4]]
    [(record, data)] = kept(bucket)
    assert (list(record.ingest_ids), data) == ([3], batch[3])


@pytest.mark.parametrize("form", [b"[%b]", b"%b"])
async def test_too_many_values_are_refused_before_they_are_decoded(
    sender: httpx.AsyncClient, bucket: Bucket, form: bytes
) -> None:
    separator = b"," if form != b"%b" else b"\n"
    body = form % separator.join([b"1"] * CAREFUL_BYTES)
    answer = await sender.post(EVENTS, content=body)
    assert (answer.status_code, answer.json()["reason"]) == (413, "too_many_events")
    assert bucket.contents == {}


async def test_many_refused_events_are_quarantined_together(
    sender: httpx.AsyncClient, bucket: Bucket
) -> None:
    batch = [json.dumps({"event": "a", "value": {"project": f"x{n}"}}) for n in range(1_000)]
    batch[0] = batch[0].replace("x0", "x" * ASIDE_BYTES)
    answer = await sender.post(EVENTS, content="\n".join(batch))
    assert answer.status_code == 422
    [(record, data)] = kept(bucket)
    assert list(record.ingest_ids) == list(range(1_000))
    assert data.decode() == f"[{','.join(batch)}]"
