"""The bucket of a cell, in memory."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from functions.google import storage
from functions.google.storage import BucketUnavailable, CloudStorage, Stored
from tests.fakes.hook import Hook, ignore

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Bucket(CloudStorage):
    """Stands for `functions.google.storage.CloudStorage`.

    Args:
        now: returns the time at which an object is written.

    Attributes:
        contents: the content, generation and time of each object, by name.
        types: the media type of each object, by name.
        writes: the number of writes; an object's generation is the number of its write.
        reads: the number of reads.
        failing: the actions that fail: ``find``, ``read``, ``write``, ``delete``; ``create`` for
            the writes of a `Writer`.
        before: called with each action before it happens.
        after: called with each action after it took effect.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: NOON) -> None:
        self._now = now
        self.contents: dict[str, tuple[bytes, int, datetime]] = {}
        self.types: dict[str, str] = {}
        self.writes = 0
        self.reads = 0
        self.failing: set[str] = set()
        self.before: Hook = ignore
        self.after: Hook = ignore

    def put(self, name: str, content: bytes, written_at: datetime | None = None) -> None:
        """Write an object, whatever its version."""
        self.writes += 1
        self.contents[name] = (content, self.writes, written_at or self._now())

    async def find(self, prefix: str) -> list[Stored]:
        self.begin("find")
        objects = [
            Stored(name, generation, written_at)
            for name, (_, generation, written_at) in sorted(self.contents.items())
            if name.startswith(prefix)
        ]
        self.after("find")
        return objects

    async def read(self, stored: Stored) -> bytes | None:
        self.begin("read")
        self.reads += 1
        content = self.contents[stored.name][0] if self._has(stored) else None
        self.after("read")
        return content

    async def write(self, name: str, content: bytes, content_type: str, *, over: int) -> bool:
        self.begin("write")
        if self._generation(name) != over:
            return False
        self.put(name, content)
        self.types[name] = content_type
        self.after("write")
        return True

    async def delete(self, stored: Stored) -> bool:
        self.begin("delete")
        if not self._has(stored):
            return False
        del self.contents[stored.name]
        self.after("delete")
        return True

    def begin(self, action: str) -> None:
        """Begin an action, which may fail."""
        self.before(action)
        if action in self.failing:
            raise BucketUnavailable("ConnectionError")

    def _has(self, stored: Stored) -> bool:
        return self._generation(stored.name) == stored.generation

    def _generation(self, name: str) -> int:
        return self.contents[name][1] if name in self.contents else 0


class Writer(storage.Bucket):
    """Stands for `functions.google.storage.Bucket`: creates objects in a `Bucket` in memory.

    Args:
        bucket: takes the objects; it also says which writes fail.

    Attributes:
        limits: the time limit of each write, in seconds.
        hangs: whether no write is answered within its time limit.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._objects = bucket
        self.limits: list[float] = []
        self.hangs = False

    async def write(self, name: str, data: bytes, *, content_type: str, within: float) -> None:
        self.limits.append(within)
        await asyncio.sleep(within if self.hangs else 0)
        if self.hangs:
            raise BucketUnavailable("TimeoutError")
        self._objects.begin("create")
        if name not in self._objects.contents:
            self._objects.put(name, data)
            self._objects.types[name] = content_type
            self._objects.after("create")
