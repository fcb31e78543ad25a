"""Makes accepted events durable: publishes them, or spills them if Pub/Sub does not take them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate

from functions.events.message import Message
from functions.google.storage import BucketUnavailable
from functions.google.topic import PublishFailed
from functions.receive.chunk import Chunk, cut
from functions.receive.publish import BatchingPublisher
from functions.receive.spill import Spill
from functions.web.intake import Shares


class NotDurable(Exception):
    """Publishing and spilling failed; it is unknown which of the events are durable."""


class Durable:
    """Publishes events, and spills the events that cannot be published.

    Args:
        publisher: publishes events.
        spill: spills the events that the publisher does not take.
        within: the seconds in which the events of one request must be published or spilled.
        max_waiting: the maximum number of events that are being published or spilled. A partner may
            use at most as much of this number as stays free, so a single partner can use half.
        count_spilled: called with the number of spilled events.
        clock: returns monotonic seconds.
    """

    def __init__(
        self,
        publisher: BatchingPublisher,
        spill: Spill,
        *,
        within: float,
        max_waiting: int,
        count_spilled: Callable[[int], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._publisher = publisher
        self._spill = spill
        self._within = within
        self._waiting = Shares(max_waiting)
        self._count_spilled = count_spilled
        self._clock = clock

    def store(self, messages: Sequence[Message]) -> Awaitable[Sequence[int]]:
        """Make the events of one request durable. The caller must await the result at once.

        Returns:
            An awaitable. It returns the positions of the messages whose form Pub/Sub refuses, when
            all other messages are durable. It raises NotDurable if it is unknown which messages are
            durable.

        Raises:
            QueueFull: too many events are being stored, in total or for this partner.
        """
        self._waiting.take(len(messages), _owner(messages))
        chunks = cut(messages, self._clock() + self._within)
        return self._keep(chunks[0]) if len(chunks) == 1 else self._keep_all(chunks)

    async def _keep_all(self, chunks: Sequence[Chunk]) -> Sequence[int]:
        # Wait for all chunks, even if one fails: no chunk may be in progress after the response.
        outcomes = await asyncio.gather(*map(self._keep, chunks), return_exceptions=True)
        starts = accumulate((len(chunk.messages) for chunk in chunks), initial=0)
        refused: list[int] = []
        for start, outcome in zip(starts, outcomes, strict=False):
            if isinstance(outcome, BaseException):
                raise outcome
            refused += [start + position for position in outcome]
        return refused

    async def _keep(self, chunk: Chunk) -> Sequence[int]:
        try:
            return await self._publisher.publish(chunk)
        except PublishFailed:
            await self._spill_instead(chunk)
            return ()
        finally:
            self._waiting.give(len(chunk.messages), _owner(chunk.messages))

    async def _spill_instead(self, chunk: Chunk) -> None:
        try:
            await self._spill.put(chunk)
        except BucketUnavailable:
            raise NotDurable from None
        self._count_spilled(len(chunk.messages))


def _owner(messages: Sequence[Message]) -> str:
    """Return the partner who sent the request with these messages."""
    return messages[0].attributes.partner
