"""Events are published, or else spilled, or else refused, within a limit of number and time."""

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
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.clock import Clock, run
from tests.fakes.topic import Topic
from tests.unit.receive.stand_ins import message as a_message


class Publisher(BatchingPublisher):
    """Stands for `functions.receive.publish.BatchingPublisher`; publishes once `gate` is set."""

    def __init__(self) -> None:
        self.published: list[bytes] = []
        self.refused: set[bytes] = set()
        self.fails = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def publish(self, chunk: Chunk) -> Sequence[int]:
        await self.gate.wait()
        if self.fails:
            raise PublishFailed("UNAVAILABLE")
        data = [message.data for message in chunk.messages]
        self.published += data
        return [place for place, body in enumerate(data) if body in self.refused]


class Spilling(Spill):
    """Stands for `functions.receive.spill.Spill`."""

    def __init__(self) -> None:
        self.spilled: list[bytes] = []
        self.fails = False

    async def put(self, chunk: Chunk) -> None:
        if self.fails:
            raise BucketUnavailable
        self.spilled += [message.data for message in chunk.messages]


class Bench:
    def __init__(self, max_waiting: int = 20) -> None:
        self.publisher, self.spill, self.spilled = Publisher(), Spilling(), 0
        self.durable = Durable(
            self.publisher,
            self.spill,
            within=10,
            max_waiting=max_waiting,
            count_spilled=self.count,
        )

    def count(self, events: int) -> None:
        self.spilled += events


def messages(count: int, partner: str = "acme") -> list[Message]:
    made = (a_message(b"%d" % number) for number in range(count))
    return [replace(event, attributes=replace(event.attributes, partner=partner)) for event in made]


async def test_a_published_event_is_not_spilled() -> None:
    bench = Bench()
    assert list(await bench.durable.store(messages(3))) == []
    assert bench.publisher.published == [b"0", b"1", b"2"]
    assert bench.spill.spilled == []


async def test_an_event_that_is_not_published_is_spilled() -> None:
    bench = Bench()
    bench.publisher.fails = True
    assert list(await bench.durable.store(messages(3))) == []
    assert bench.spill.spilled == [b"0", b"1", b"2"]
    assert bench.spilled == 3


async def test_an_event_that_is_neither_published_nor_spilled_is_an_error() -> None:
    bench = Bench()
    bench.publisher.fails = bench.spill.fails = True
    with pytest.raises(NotDurable):
        await bench.durable.store(messages(1))
    assert bench.spilled == 0


async def test_positions_of_the_refused_are_those_of_the_request() -> None:
    bench = Bench()
    bench.publisher.refused = {b"0", b"3", b"6"}
    with patch.object(message, "PUBLISH_MESSAGES", 2):
        assert await bench.durable.store(messages(7)) == [0, 3, 6]


async def test_one_piece_that_is_lost_fails_the_request() -> None:
    bench = Bench()
    bench.publisher.fails = bench.spill.fails = True
    with patch.object(message, "PUBLISH_MESSAGES", 2), pytest.raises(NotDurable):
        await bench.durable.store(messages(7))


async def test_the_number_of_events_on_their_way_is_limited() -> None:
    bench = Bench(max_waiting=8)
    bench.publisher.gate.clear()
    waiting = asyncio.ensure_future(bench.durable.store(messages(3)))
    await asyncio.sleep(0)
    with pytest.raises(QueueFull):
        await bench.durable.store(messages(2))
    bench.publisher.gate.set()
    await waiting
    await bench.durable.store(messages(4))


async def test_events_of_one_partner_do_not_block_another() -> None:
    bench = Bench(max_waiting=20)
    bench.publisher.gate.clear()
    waiting = [asyncio.ensure_future(bench.durable.store(messages(1))) for _ in range(10)]
    with pytest.raises(QueueFull):
        async with asyncio.timeout(1):
            await bench.durable.store(messages(1))
    waiting.append(asyncio.ensure_future(bench.durable.store(messages(3, partner="other"))))
    await asyncio.sleep(0)
    bench.publisher.gate.set()
    await asyncio.gather(*waiting)
    await bench.durable.store(messages(10))


def test_everyone_has_an_answer_in_time_when_both_hang() -> None:
    clock = Clock()
    topic, writer = Topic(), Writer(Bucket())
    topic.hangs = writer.hangs = True
    seconds: list[float] = []

    async def flood() -> None:
        breaker = Breaker(retry_seconds=5, clock=clock)
        publisher = BatchingPublisher(
            topic, breaker, deadline=4, reserve=3, observe=lambda _: None, clock=clock
        )
        durable = Durable(
            publisher,
            Spill(writer, clock=clock),
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
    assert len(topic.limits) < 20, "while both hang, few publishes are tried"
