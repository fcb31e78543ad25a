"""Publishing: what is tried, when, and what one message does to the others."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.events.message import Message
from functions.google.topic import NotPublishable, PublishFailed
from functions.receive.breaker import Breaker
from functions.receive.chunk import Chunk
from functions.receive.publish import BatchingPublisher
from tests.fakes.clock import Clock
from tests.unit.receive.stand_ins import message

POISON = b"poison"
WITHIN = 10.0


class Topic:
    """Takes messages, or fails as told; all or none of a publish."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.taken: list[bytes] = []
        self.deadlines: list[float] = []
        self.failure = ""
        self.seconds = 0.0

    async def publish(self, messages: Sequence[Message], within: float) -> None:
        self.deadlines.append(within)
        self.clock.now += self.seconds
        if self.failure:
            raise PublishFailed(self.failure)
        if any(message.data == POISON for message in messages):
            raise NotPublishable
        self.taken += [message.data for message in messages]


def chunk(clock: Clock, *data: bytes, within: float = WITHIN) -> Chunk:
    messages = [message(each) for each in data]
    return Chunk(messages, sum(message.size for message in messages), clock.now + within)


class Bench:
    """A publisher between a clock and a topic that the test holds."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.topic = Topic(self.clock)
        self.breaker = Breaker(retry_seconds=5, clock=self.clock)
        self.seconds: list[float] = []
        self.publisher = BatchingPublisher(
            self.topic,
            self.breaker,
            deadline=4,
            reserve=3,
            observe=self.seconds.append,
            clock=self.clock,
        )


async def test_chunks_of_concurrent_requests_go_together() -> None:
    bench = Bench()
    bench.topic.seconds = 0.25
    chunks = [chunk(bench.clock, b"a", b"b"), chunk(bench.clock, b"c")]
    assert await asyncio.gather(*map(bench.publisher.publish, chunks)) == [(), ()]
    assert bench.topic.taken == [b"a", b"b", b"c"]
    assert bench.topic.deadlines == [4]
    assert bench.seconds == [0.25]


async def test_a_failure_opens_the_breaker_and_a_probe_closes_it() -> None:
    bench = Bench()
    bench.topic.failure = "UNAVAILABLE"
    with pytest.raises(PublishFailed, match="UNAVAILABLE"):
        await bench.publisher.publish(chunk(bench.clock, b"a"))
    bench.topic.failure = ""
    with pytest.raises(PublishFailed, match="open"):
        await bench.publisher.publish(chunk(bench.clock, b"b"))
    assert len(bench.topic.deadlines) == 1, "while it is open, Pub/Sub is not asked"
    bench.clock.now += 5
    await bench.publisher.publish(chunk(bench.clock, b"c"))
    await bench.publisher.publish(chunk(bench.clock, b"d"))
    assert bench.topic.taken == [b"c", b"d"]


async def test_what_waited_too_long_is_not_begun_and_says_nothing_of_pubsub() -> None:
    bench = Bench()
    with pytest.raises(PublishFailed, match="late"):
        await bench.publisher.publish(chunk(bench.clock, b"a", within=6.9))
    assert not bench.breaker.is_open
    await bench.publisher.publish(chunk(bench.clock, b"b", within=7.0))
    assert bench.topic.taken == [b"b"]


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=12), min_size=1, max_size=6))
def test_a_refused_message_spoils_no_other(chunks: list[list[bool]]) -> None:
    async def publish() -> None:
        bench = Bench()
        data = [
            [POISON if bad else b"%d/%d" % (number, place) for place, bad in enumerate(each)]
            for number, each in enumerate(chunks)
        ]
        refused = await asyncio.gather(
            *(bench.publisher.publish(chunk(bench.clock, *each)) for each in data)
        )
        for each, positions in zip(chunks, refused, strict=True):
            assert [place for place, bad in enumerate(each) if bad] == list(positions)
        assert bench.topic.taken == [good for each in data for good in each if good != POISON]
        assert not bench.breaker.is_open

    asyncio.run(publish())


async def test_telling_the_refused_apart_ends_at_the_deadline() -> None:
    bench = Bench()
    bench.topic.seconds = 1.5
    with pytest.raises(PublishFailed, match="isolation"):
        await bench.publisher.publish(chunk(bench.clock, *[POISON] * 64))
    assert bench.topic.deadlines == [4, 2.5, 1]
