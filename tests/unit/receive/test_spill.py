"""Spilling: few objects, whole ones, in time."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from functions import __version__
from functions.google.storage import BucketUnavailable
from functions.receive.chunk import Chunk
from functions.receive.spill import Spill
from functions.retained import spill
from tests.fakes.clock import Clock, run
from tests.unit.receive.stand_ins import message

NOON = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


class Bucket:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.budgets: list[float] = []
        self.fails = False

    async def write(self, name: str, data: bytes, *, content_type: str, within: float) -> None:
        self.budgets.append(within)
        await asyncio.sleep(0)
        if self.fails:
            raise BucketUnavailable("ConnectionError")
        assert content_type == "application/x-ndjson"
        self.objects[name] = data


def chunk(clock: Clock, *data: bytes, within: float = 6.0) -> Chunk:
    messages = [message(each, ingest_id=each.decode()) for each in data]
    return Chunk(messages, sum(message.size for message in messages), clock.now + within)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def spilling(bucket: Bucket, clock: Clock) -> Spill:
    return Spill(bucket, clock=clock, now=lambda: NOON)


def test_what_comes_within_a_moment_shares_an_object(
    spilling: Spill, bucket: Bucket, clock: Clock
) -> None:
    async def send() -> None:
        first = asyncio.create_task(spilling.put(chunk(clock, b"1", b"2")))
        await asyncio.sleep(0.2)
        await asyncio.gather(first, spilling.put(chunk(clock, b"3", within=5)))

    run(send(), clock)
    [(name, content)] = bucket.objects.items()
    assert name.startswith("spill/2026/11/22/12/")
    assert [event.data for event in spill.decode(content)] == [b"1", b"2", b"3"]
    assert [event.attributes["ingest_id"] for event in spill.decode(content)] == ["1", "2", "3"]
    assert bucket.budgets == [pytest.approx(4.95)], "what is left to the most urgent one"


async def test_what_the_bucket_does_not_take_is_told_to_everyone(
    bucket: Bucket, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.fails = True
    spilling = Spill(bucket, linger=0, clock=clock, now=lambda: NOON)
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


async def test_what_is_late_is_not_begun(bucket: Bucket, clock: Clock) -> None:
    with pytest.raises(BucketUnavailable):
        await Spill(bucket, linger=0, clock=clock).put(chunk(clock, b"1", within=0))
    assert bucket.budgets == []
