"""Tokens of closed partners are refused, and other partners are not affected."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from functions.acceptance.admission import Admission
from functions.acceptance.partners import PartnersFile
from functions.observe.tally import Paced
from functions.receive.receiver import Receiver
from functions.receive.settings import Settings
from functions.receive.tally import ReceiveTally
from functions.retained.quarantine import Quarantine
from functions.secrets.closed_partners import ClosedFile
from functions.secrets.file import KEEP_SECONDS, REFRESH_SECONDS
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.clock import Clock
from tests.fakes.durable import Durable
from tests.unit.receive.conftest import client_of
from tests.unit.receive.stand_ins import ONE_PROJECT_TOKEN, TOKEN

CLOSED = {"partners": {"acme": {"projects": ["acme-prod"], "closed_at": "2026-11-22T10:00:00Z"}}}
EVENT = {"event": "emoji_sent", "value": {"project": "acme-prod"}}
BODIES = (json.dumps(EVENT), json.dumps({"event": "a", "value": {"project": "x"}}), "no json")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def closed(settings: Settings, clock: Clock) -> ClosedFile:
    return ClosedFile(settings.closed_file, clock)


@pytest.fixture
async def timed(
    settings: Settings, durable: Durable, bucket: Bucket, clock: Clock, closed: ClosedFile
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a receiver whose secrets become outdated by the test's clock."""
    admission = Admission(PartnersFile(settings.partners_file, clock), closed, clock)
    tally = ReceiveTally()
    receiver = Receiver(
        settings, admission, durable, Quarantine(Writer(bucket)), tally, Paced(tally.write)
    )
    async with client_of(receiver.handle) as sender:
        yield sender
    tally.write()


async def until_read(sender: httpx.AsyncClient, closed: ClosedFile) -> None:
    """Send a request that starts a read of the closed list in a thread; wait for its end."""
    await sender.get(f"/events/{ONE_PROJECT_TOKEN}")
    if closed._reading:
        await asyncio.wait(closed._reading)


async def test_a_closed_partners_token_is_unknown_and_no_body_is_kept(
    timed: httpx.AsyncClient,
    durable: Durable,
    bucket: Bucket,
    clock: Clock,
    closed: ClosedFile,
    closed_file: Any,
) -> None:
    unknown = await timed.post("/events/nobody", json=EVENT)
    assert (await timed.post(f"/events/{TOKEN}", json=EVENT)).status_code == 200
    closed_file.write_text(json.dumps(CLOSED))
    clock.now += REFRESH_SECONDS + 1
    await until_read(timed, closed)
    durable.messages.clear()
    for body in BODIES:
        for path in ("events", "rooms"):
            answer = await timed.post(f"/{path}/{TOKEN}", content=body)
            assert (answer.status_code, answer.text) == (401, unknown.text)
    assert (await timed.get(f"/events/{TOKEN}")).status_code == 401
    assert (durable.messages, bucket.contents) == ([], {})

    answer = await timed.post(f"/events/{ONE_PROJECT_TOKEN}", json={"event": "a", "value": {}})
    assert (answer.status_code, len(durable.messages)) == (200, 1)


async def test_without_the_closed_list_no_sender_is_accepted(
    timed: httpx.AsyncClient, durable: Durable, closed_file: Any
) -> None:
    closed_file.unlink()
    answer = await timed.post(f"/events/{TOKEN}", json=EVENT)
    assert (answer.status_code, answer.json()["reason"]) == (503, "closed_unavailable")
    assert answer.headers["retry-after"]
    assert durable.messages == []


async def test_the_last_closed_list_serves_for_ten_minutes(
    timed: httpx.AsyncClient, clock: Clock, closed_file: Any
) -> None:
    assert (await timed.post(f"/events/{TOKEN}", json=EVENT)).status_code == 200
    closed_file.write_text("no list")
    clock.now += KEEP_SECONDS - 1
    assert (await timed.post(f"/events/{TOKEN}", json=EVENT)).status_code == 200
    clock.now += 2
    answer = await timed.post(f"/events/{TOKEN}", json=EVENT)
    assert (answer.status_code, answer.json()["reason"]) == (503, "closed_unavailable")
