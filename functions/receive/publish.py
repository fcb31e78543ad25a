"""Publishes the events of concurrent requests in batches, as long as Pub/Sub takes them."""

import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate, pairwise

from functions.events.message import PUBLISH_BYTES, PUBLISH_MESSAGES, Message
from functions.google.topic import PublishFailed, Topic, publish_by_halves
from functions.receive.breaker import Breaker
from functions.receive.chunk import Chunk
from functions.web.batching import Batcher

PUBLISHES_IN_FLIGHT = 8

SPACING_SECONDS = 0.005
"""While a publish is in progress, the next one starts at least this many seconds after it. So
publishes are fewer and larger, which is cheaper: each publish takes as much processor time as
receiving two events."""

Refused = Sequence[int]
"""The positions of the messages of a chunk whose form Pub/Sub refuses."""


class BatchingPublisher:
    """Publishes chunks in batches, and stops trying while publishes fail.

    Args:
        topic: publishes the messages.
        breaker: decides whether a publish may be tried.
        deadline: the time limit of one publish in seconds.
        reserve: the last seconds before a chunk's `until`, which are kept free for spilling. A
            publish starts only if its time limit ends before these seconds begin.
        observe: called after each publish, even a failed one, with the seconds that the publish
            took.
        clock: returns monotonic seconds.
    """

    def __init__(
        self,
        topic: Topic,
        breaker: Breaker,
        *,
        deadline: float,
        reserve: float,
        observe: Callable[[float], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._topic = topic
        self._breaker = breaker
        self._deadline = deadline
        self._reserve = reserve
        self._observe = observe
        self._clock = clock
        self._batcher: Batcher[Chunk, Refused] = Batcher(
            self._send,
            max_items=PUBLISH_MESSAGES,
            max_bytes=PUBLISH_BYTES,
            max_in_flight=PUBLISHES_IN_FLIGHT,
            spacing=SPACING_SECONDS,
        )

    def publish(self, chunk: Chunk) -> Awaitable[Refused]:
        """Publish a chunk.

        Returns:
            An awaitable. It returns the positions of the messages whose form Pub/Sub refuses, when
            all other messages are published. It raises PublishFailed if some messages may not be
            published.
        """
        return self._batcher.put(chunk, items=len(chunk.messages), size=chunk.size)

    async def _send(self, batch: list[Chunk]) -> Sequence[Refused]:
        now = self._clock()
        # The first chunk has waited longest. Too little time may be left for it even if Pub/Sub
        # works, so this does not count as a failure for the breaker.
        if batch[0].until - now < self._deadline + self._reserve:
            raise PublishFailed("late")
        if not self._breaker.admits():
            raise PublishFailed("open")
        messages = [message for chunk in batch for message in chunk.messages]
        try:
            refused = await self._publish(messages, now + self._deadline)
        except PublishFailed as failure:
            self._breaker.failed(str(failure))
            raise
        self._breaker.succeeded()
        return _by_chunk(refused, batch) if refused else [()] * len(batch)

    async def _publish(self, messages: Sequence[Message], until: float) -> list[int]:
        """Publish messages; return the positions of those whose form Pub/Sub refuses."""

        async def publish(part: Sequence[Message]) -> None:
            started = self._clock()
            if started >= until:
                raise PublishFailed("isolation")
            try:
                await self._topic.publish(part, until - started)
            finally:
                self._observe(self._clock() - started)

        return await publish_by_halves(publish, messages)


def _by_chunk(refused: Sequence[int], batch: Sequence[Chunk]) -> list[Refused]:
    """Split positions in a batch by chunk. The result counts from the start of each chunk."""
    bounds = accumulate((len(chunk.messages) for chunk in batch), initial=0)
    return [
        [position - start for position in refused if start <= position < end]
        for start, end in pairwise(bounds)
    ]
