"""The bucket of a cell, in memory."""

from collections.abc import Callable
from datetime import UTC, datetime

from functions.google.storage import BucketUnavailable, Stored

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Bucket:
    """Objects in memory, as `functions.google.storage` reads and rewrites them.

    Attributes:
        contents: content, generation and time of each object. Each write counts up the generation.
        failing: the actions that fail: ``find``, ``read``, ``write``, ``delete``.
        then: called with each action before it happens.
    """

    def __init__(self, written_at: datetime = NOON) -> None:
        self._written_at = written_at
        self.contents: dict[str, tuple[bytes, int, datetime]] = {}
        self.writes = 0
        self.reads = 0
        self.failing: set[str] = set()
        self.then: Callable[[str], None] = lambda action: None

    def put(self, name: str, content: bytes, written_at: datetime | None = None) -> None:
        self.writes += 1
        self.contents[name] = (content, self.writes, written_at or self._written_at)

    async def find(self, prefix: str) -> list[Stored]:
        self._act("find")
        return [
            Stored(name, generation, written_at)
            for name, (_, generation, written_at) in sorted(self.contents.items())
            if name.startswith(prefix)
        ]

    async def read(self, stored: Stored) -> bytes | None:
        self._act("read")
        self.reads += 1
        content, generation, _ = self.contents.get(stored.name, (None, 0, None))
        return content if generation == stored.generation else None

    async def write(self, name: str, content: bytes, content_type: str, *, over: int) -> bool:
        self._act("write")
        if self.contents.get(name, (b"", 0))[1] != over:
            return False
        self.put(name, content)
        return True

    async def delete(self, stored: Stored) -> None:
        self._act("delete")
        if self.contents.get(stored.name, (b"", 0))[1] == stored.generation:
            del self.contents[stored.name]

    def _act(self, action: str) -> None:
        if action in self.failing:
            raise BucketUnavailable(action)
        self.then(action)


class Writer:
    """Writes into the objects in memory, as `functions.google.storage.Bucket` does."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def write(self, name: str, data: bytes, *, content_type: str, within: float) -> None:
        if "write" in self._bucket.failing:
            raise BucketUnavailable
        self._bucket.put(name, data)
