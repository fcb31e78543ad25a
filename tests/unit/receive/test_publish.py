"""Publishing in batches: a failure opens the breaker, and a refused message affects no other."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.google.topic import PublishFailed
from functions.receive.breaker import Breaker
from functions.receive.chunk import Chunk
from functions.receive.publish import BatchingPublisher
from tests.fakes.clock import Clock
from tests.fakes.topic import Topic
from tests.unit.receive.stand_ins import message

POISON = b"poison"
WITHIN = 10.0


def chunk(clock: Clock, *data: bytes, within: float = WITHIN) -> Chunk:
    messages = [message(body, ingest_id=body.decode()) for body in data]
    return Chunk(messages, sum(message.size for message in messages), clock.now + within)


class Bench:
    """A publisher with a clock and a topic that tests control."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.topic = Topic()
        self.topic.refused = {POISON.decode()}
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

    @property
    def published(self) -> list[bytes]:
        return [message.data for message in self.topic.messages]


async def test_chunks_of_concurrent_requests_go_together() -> None:
    bench = Bench()
    bench.topic.before = bench.clock.passing(0.25)
    chunks = [chunk(bench.clock, b"a", b"b"), chunk(bench.clock, b"c")]
    assert await asyncio.gather(*map(bench.publisher.publish, chunks)) == [(), ()]
    assert bench.published == [b"a", b"b", b"c"]
    assert bench.topic.limits == [4]
    assert bench.seconds == [0.25]


async def test_a_failure_opens_the_breaker_and_a_probe_closes_it() -> None:
    bench = Bench()
    bench.topic.failure = "UNAVAILABLE"
    with pytest.raises(PublishFailed, match="UNAVAILABLE"):
        await bench.publisher.publish(chunk(bench.clock, b"a"))
    bench.topic.failure = ""
    with pytest.raises(PublishFailed, match="open"):
        await bench.publisher.publish(chunk(bench.clock, b"b"))
    assert len(bench.topic.limits) == 1, "while the breaker is open, Pub/Sub is not called"
    bench.clock.now += 5
    await bench.publisher.publish(chunk(bench.clock, b"c"))
    await bench.publisher.publish(chunk(bench.clock, b"d"))
    assert bench.published == [b"c", b"d"]


async def test_a_chunk_that_waited_too_long_is_not_published() -> None:
    bench = Bench()
    with pytest.raises(PublishFailed, match="late"):
        await bench.publisher.publish(chunk(bench.clock, b"a", within=6.9))
    assert not bench.breaker.is_open
    await bench.publisher.publish(chunk(bench.clock, b"b", within=7.0))
    assert bench.published == [b"b"]


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=12), min_size=1, max_size=6))
def test_a_refused_message_affects_no_other(chunks: list[list[bool]]) -> None:
    async def publish() -> None:
        bench = Bench()
        data = [
            [POISON if bad else b"%d/%d" % (number, place) for place, bad in enumerate(flags)]
            for number, flags in enumerate(chunks)
        ]
        refused = await asyncio.gather(
            *(bench.publisher.publish(chunk(bench.clock, *bodies)) for bodies in data)
        )
        for flags, positions in zip(chunks, refused, strict=True):
            assert [place for place, bad in enumerate(flags) if bad] == list(positions)
        assert bench.published == [body for bodies in data for body in bodies if body != POISON]
        assert not bench.breaker.is_open

    asyncio.run(publish())


async def test_the_search_for_refused_messages_ends_at_the_deadline() -> None:
    bench = Bench()
    bench.topic.before = bench.clock.passing(1.5)
    with pytest.raises(PublishFailed, match="isolation"):
        await bench.publisher.publish(chunk(bench.clock, *[POISON] * 64))
    assert bench.topic.limits == [4, 2.5, 1]
