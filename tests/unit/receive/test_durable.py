"""Durability: published, else spilled, else refused; bounded in number and in time."""

import asyncio
from collections.abc import Sequence
from unittest.mock import patch

import pytest
from msgspec.structs import replace

from functions.events import message
from functions.events.message import Message
from functions.google.storage import BucketUnavailable
from functions.google.topic import PublishFailed
from functions.receive.breaker import Breaker
from functions.receive.chunk import Chunk
from functions.receive.durable import Durable, NotDurable
from functions.receive.publish import BatchingPublisher
from functions.receive.spill import Spill
from functions.web.batching import QueueFull
from tests.fakes.clock import Clock, run
from tests.unit.receive.stand_ins import message as a_message


class Pubsub:
    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.refused: set[bytes] = set()
        self.fails = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def publish(self, chunk: Chunk) -> Sequence[int]:
        await self.gate.wait()
        if self.fails:
            raise PublishFailed("UNAVAILABLE")
        self.taken += [each.data for each in chunk.messages]
        return [place for place, each in enumerate(chunk.messages) if each.data in self.refused]


class Objects:
    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.fails = False

    async def put(self, chunk: Chunk) -> None:
        if self.fails:
            raise BucketUnavailable
        self.taken += [each.data for each in chunk.messages]


class Bench:
    def __init__(self, max_waiting: int = 20) -> None:
        self.pubsub, self.objects, self.spilled = Pubsub(), Objects(), 0
        self.durable = Durable(
            self.pubsub,  # type: ignore[arg-type]  # a stand-in
            self.objects,  # type: ignore[arg-type]  # a stand-in
            within=10,
            max_waiting=max_waiting,
            count_spilled=self.count,
        )

    def count(self, events: int) -> None:
        self.spilled += events


def messages(count: int, partner: str = "acme") -> list[Message]:
    made = (a_message(b"%d" % number) for number in range(count))
    return [replace(each, attributes=replace(each.attributes, partner=partner)) for each in made]


async def test_what_is_published_is_not_spilled() -> None:
    bench = Bench()
    assert list(await bench.durable.store(messages(3))) == []
    assert bench.pubsub.taken == [b"0", b"1", b"2"]
    assert bench.objects.taken == []


async def test_what_is_not_published_is_spilled() -> None:
    bench = Bench()
    bench.pubsub.fails = True
    assert list(await bench.durable.store(messages(3))) == []
    assert bench.objects.taken == [b"0", b"1", b"2"]
    assert bench.spilled == 3


async def test_what_neither_takes_is_told() -> None:
    bench = Bench()
    bench.pubsub.fails = bench.objects.fails = True
    with pytest.raises(NotDurable):
        await bench.durable.store(messages(1))
    assert bench.spilled == 0


async def test_positions_of_the_refused_are_those_of_the_request() -> None:
    bench = Bench()
    bench.pubsub.refused = {b"0", b"3", b"6"}
    with patch.object(message, "PUBLISH_MESSAGES", 2):
        assert await bench.durable.store(messages(7)) == [0, 3, 6]


async def test_one_piece_that_is_lost_fails_the_request() -> None:
    bench = Bench()
    bench.pubsub.fails = bench.objects.fails = True
    with patch.object(message, "PUBLISH_MESSAGES", 2), pytest.raises(NotDurable):
        await bench.durable.store(messages(7))


async def test_no_more_may_be_on_their_way_than_allowed() -> None:
    bench = Bench(max_waiting=8)
    bench.pubsub.gate.clear()
    waiting = asyncio.ensure_future(bench.durable.store(messages(3)))
    await asyncio.sleep(0)
    with pytest.raises(QueueFull):
        await bench.durable.store(messages(2))
    bench.pubsub.gate.set()
    await waiting
    await bench.durable.store(messages(4))


async def test_events_of_one_partner_turn_no_other_away() -> None:
    bench = Bench(max_waiting=20)
    bench.pubsub.gate.clear()
    waiting = [asyncio.ensure_future(bench.durable.store(messages(1))) for _ in range(10)]
    with pytest.raises(QueueFull):
        async with asyncio.timeout(1):
            await bench.durable.store(messages(1))
    waiting.append(asyncio.ensure_future(bench.durable.store(messages(3, partner="other"))))
    await asyncio.sleep(0)
    bench.pubsub.gate.set()
    await asyncio.gather(*waiting)
    await bench.durable.store(messages(10))


class Hanging:
    """A service that answers nothing within the time that it is given."""

    def __init__(self, failure: type[Exception]) -> None:
        self.failure = failure
        self.calls = 0

    async def publish(self, messages: Sequence[Message], within: float) -> None:
        await self._hang(within)

    async def write(self, name: str, data: bytes, *, content_type: str, within: float) -> None:
        await self._hang(within)

    async def _hang(self, within: float) -> None:
        self.calls += 1
        await asyncio.sleep(within)
        raise self.failure


def test_everyone_has_an_answer_in_time_when_both_hang() -> None:
    clock = Clock()
    topic, bucket = Hanging(PublishFailed), Hanging(BucketUnavailable)
    seconds: list[float] = []

    async def flood() -> None:
        breaker = Breaker(retry_seconds=5, clock=clock)
        publisher = BatchingPublisher(
            topic, breaker, deadline=4, reserve=3, observe=lambda _: None, clock=clock
        )
        durable = Durable(
            publisher,
            Spill(bucket, clock=clock),
            within=10,
            max_waiting=1_000_000,
            count_spilled=lambda _: None,
            clock=clock,
        )

        async def send(delay: float) -> None:
            await asyncio.sleep(delay)
            started = clock()
            with pytest.raises(NotDurable):
                await durable.store(messages(200))
            seconds.append(clock() - started)

        await asyncio.gather(*(send(number * 0.1) for number in range(300)))

    run(flood(), clock)
    assert len(seconds) == 300
    assert max(seconds) <= 10.001
    assert topic.calls < 20, "a publish is tried once in a while"
