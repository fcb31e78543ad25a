"""Makes accepted events durable: by Pub/Sub, else by the bucket, else the sender keeps them."""

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
    """Neither Pub/Sub nor the bucket took all of the events; some may be durable all the same."""


class Durable:
    """Publishes events, and spills what could not be published.

    Args:
        publisher: tried first.
        spill: takes what the publisher does not.
        within: seconds after which a sender has its answer at the latest. Publishing, spilling
            and waiting for either all happen before.
        max_waiting: events that may be on their way at a time; those of one partner are at most as
            many as it leaves free, as with bodies (`functions.web.intake`).
        count_spilled: told how many events were spilled.
        clock: monotonic, seconds.
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
        """Make the events of one request durable; await at once what it returns.

        Returns:
            The positions of those that Pub/Sub refuses for what they are; all others are durable.
            Or NotDurable: not all of them are known to be.

        Raises:
            QueueFull: too many are on their way already, of all partners or of this one.
        """
        self._waiting.take(len(messages), _owner(messages))
        chunks = cut(messages, self._clock() + self._within)
        return self._keep(chunks[0]) if len(chunks) == 1 else self._keep_all(chunks)

    async def _keep_all(self, chunks: Sequence[Chunk]) -> Sequence[int]:
        # All are waited for: what is still on its way counts as waiting.
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
    """Return the partner of one request's messages."""
    return messages[0].attributes.partner
