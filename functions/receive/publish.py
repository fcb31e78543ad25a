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
"""The minimum seconds between the starts of two publishes. It applies only while a publish is in
progress.

A publish takes as much processor time as receiving two events, so fewer and larger publishes are
cheaper.
"""

Refused = Sequence[int]
"""The messages that Pub/Sub will never take, as positions in a chunk."""


class BatchingPublisher:
    """Publishes chunks in batches, and stops trying while publishes fail.

    Args:
        topic: publishes the messages.
        breaker: decides when to try.
        deadline: the time limit of one publish in seconds.
        reserve: the seconds before a chunk's `until` that are reserved for spilling. A publish is
            started only if its deadline ends before these seconds begin.
        observe: called after each publish, even a failed one, with the seconds that it took.
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
            An awaitable that returns the positions of the messages whose form Pub/Sub refuses. It
            raises PublishFailed if it is unknown whether all other messages are published.
        """
        return self._batcher.put(chunk, items=len(chunk.messages), size=chunk.size)

    async def _send(self, batch: list[Chunk]) -> Sequence[Refused]:
        now = self._clock()
        # The first chunk has waited longest. It can be late although Pub/Sub works, so the breaker
        # does not record a failure.
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
        """Publish messages; return the positions of the refused ones."""

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
    """Convert positions in a batch to positions in each of the batch's chunks."""
    bounds = accumulate((len(chunk.messages) for chunk in batch), initial=0)
    return [
        [position - start for position in refused if start <= position < end]
        for start, end in pairwise(bounds)
    ]
