"""Spills events to the cell's bucket while Pub/Sub does not take them."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import uuid_utils

from functions.google.storage import Bucket, BucketUnavailable
from functions.observe.log import log
from functions.receive.chunk import Chunk
from functions.retained import spill
from functions.retained.spill import Spilled
from functions.web.batching import Batcher

OBJECT_EVENTS = 10_000
OBJECT_BYTES = 16_000_000
OBJECTS_IN_FLIGHT = 4

LINGER_SECONDS = 0.25
"""Spilled events are collected for this many seconds and then written as one object, so that an
outage leaves few objects. The wait matters little, because a write to the bucket also
takes time."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Spill:
    """Spills events: writes the events of concurrent requests into one object.

    Args:
        bucket: the cell's bucket.
        linger: the seconds for which events are collected before they are written as one object.
        clock: returns monotonic seconds.
        now: returns the current time, with a time zone.
    """

    def __init__(
        self,
        bucket: Bucket,
        *,
        linger: float = LINGER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._bucket = bucket
        self._clock = clock
        self._now = now
        self._batcher: Batcher[Chunk, None] = Batcher(
            self._write,
            max_items=OBJECT_EVENTS,
            max_bytes=OBJECT_BYTES,
            max_in_flight=OBJECTS_IN_FLIGHT,
            linger=linger,
        )

    async def put(self, chunk: Chunk) -> None:
        """Spill the messages of a chunk; return when they are durable.

        Raises:
            BucketUnavailable: the write failed or timed out; it is unknown whether the messages are
                durable.
        """
        await self._batcher.put(chunk, items=len(chunk.messages), size=chunk.size)

    async def _write(self, batch: list[Chunk]) -> Sequence[None]:
        remaining = min(chunk.until for chunk in batch) - self._clock()
        if remaining <= 0:
            raise BucketUnavailable("late")
        content = spill.encode(
            Spilled(message.data, message.attributes.to_mapping())
            for chunk in batch
            for message in chunk.messages
        )
        name = spill.object_name(self._now(), str(uuid_utils.uuid7()))
        try:
            await self._bucket.write(
                name, content, content_type=spill.CONTENT_TYPE, within=remaining
            )
        except BucketUnavailable as failure:
            log("ERROR", "events not spilled", reason=str(failure))
            raise
        return [None] * len(batch)
