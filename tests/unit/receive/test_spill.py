"""Events are spilled in few, complete objects, and in time."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from functions import __version__
from functions.google.storage import BucketUnavailable
from functions.receive.chunk import Chunk
from functions.receive.spill import Spill
from functions.retained import spill
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.clock import Clock, run
from tests.unit.receive.stand_ins import message

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def chunk(clock: Clock, *data: bytes, within: float = 6.0) -> Chunk:
    messages = [message(body, ingest_id=body.decode()) for body in data]
    return Chunk(messages, sum(message.size for message in messages), clock.now + within)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def writer(bucket: Bucket) -> Writer:
    return Writer(bucket)


@pytest.fixture
def spilling(writer: Writer, clock: Clock) -> Spill:
    return Spill(writer, clock=clock, now=lambda: NOW)


def test_events_that_come_within_a_moment_share_an_object(
    spilling: Spill, bucket: Bucket, writer: Writer, clock: Clock
) -> None:
    async def send() -> None:
        first = asyncio.create_task(spilling.put(chunk(clock, b"1", b"2")))
        await asyncio.sleep(0.2)
        await asyncio.gather(first, spilling.put(chunk(clock, b"3", within=5)))

    run(send(), clock)
    [(name, (content, *_))] = bucket.contents.items()
    assert bucket.types == {name: "application/x-ndjson"}
    assert name.startswith("spill/2026/11/22/12/")
    assert [event.data for event in spill.decode(content)] == [b"1", b"2", b"3"]
    assert [event.attributes["ingest_id"] for event in spill.decode(content)] == ["1", "2", "3"]
    assert writer.limits == [pytest.approx(4.95)], "the time that the most urgent request has left"


async def test_a_failed_write_is_an_error_for_all_its_requests(
    bucket: Bucket, writer: Writer, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.failing = {"create"}
    spilling = Spill(writer, linger=0, clock=clock, now=lambda: NOW)
    outcomes = await asyncio.gather(
        *(spilling.put(chunk(clock, b"1")) for _ in range(3)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {BucketUnavailable}
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {
            "severity": "ERROR",
            "message": "events not spilled",
            "reason": "ConnectionError",
            "version": __version__,
        }
    ]


async def test_a_write_that_would_be_late_does_not_begin(writer: Writer, clock: Clock) -> None:
    with pytest.raises(BucketUnavailable):
        await Spill(writer, linger=0, clock=clock).put(chunk(clock, b"1", within=0))
    assert writer.limits == []
