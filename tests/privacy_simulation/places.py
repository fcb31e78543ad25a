"""Where events wait beside the tables: a bucket and dead letters, in memory."""

from collections.abc import Callable, Sequence
from datetime import datetime

from functions.events.message import Message
from functions.google.storage import Stored
from functions.google.subscription import Letter
from tests.privacy_simulation.crashes import Crashes


class Bucket:
    """Objects with generations, as `functions.google.storage.CloudStorage`.

    Attributes:
        contents: content, generation and time by name.
    """

    def __init__(self, now: Callable[[], datetime], crashes: Crashes) -> None:
        self._now = now
        self._crashes = crashes
        self._writes = 0
        self.contents: dict[str, tuple[bytes, int, datetime]] = {}

    def put(self, name: str, content: bytes) -> None:
        """Write an object, whatever there is of that name."""
        self._writes += 1
        self.contents[name] = (content, self._writes, self._now())

    async def find(self, prefix: str) -> list[Stored]:
        return [
            Stored(name, generation, written_at)
            for name, (_, generation, written_at) in sorted(self.contents.items())
            if name.startswith(prefix)
        ]

    async def read(self, stored: Stored) -> bytes | None:
        return self.contents[stored.name][0] if self._has(stored) else None

    async def write(self, name: str, content: bytes, content_type: str, *, over: int) -> bool:
        if self.contents.get(name, (b"", 0))[1] != over:
            return False
        self.put(name, content)
        self._crashes.after("an object is written")
        return True

    async def delete(self, stored: Stored) -> None:
        if self._has(stored):
            del self.contents[stored.name]
            self._crashes.after("an object is deleted")

    def _has(self, stored: Stored) -> bool:
        return self.contents.get(stored.name, (b"", 0))[1] == stored.generation


class Upload:
    """Writes objects as `functions.google.storage.Bucket` does.

    Args:
        bucket: takes them.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def write(self, name: str, data: bytes, *, content_type: str, within: float) -> None:
        self._bucket.put(name, data)


class Letters:
    """The dead letters' topic and subscription, as `functions.google.subscription.Subscription`."""

    def __init__(self, crashes: Crashes) -> None:
        self._crashes = crashes
        self._count = 0
        self._waiting: list[Letter] = []
        self._leased: dict[str, Letter] = {}

    def put(self, data: bytes, attributes: dict[str, str]) -> None:
        """Let a message become a dead letter."""
        self._count += 1
        name = str(self._count)
        self._waiting.append(Letter(name, name, data, attributes))

    async def publish(self, messages: Sequence[Message]) -> list[int]:
        for message in messages:
            self.put(message.data, message.attributes.to_mapping())
        self._crashes.after("letters are published")
        return []

    async def pull(self) -> list[Letter]:
        pulled, self._waiting = self._waiting[:100], self._waiting[100:]
        self._leased.update((letter.ack_id, letter) for letter in pulled)
        return pulled

    async def acknowledge(self, letters: Sequence[Letter]) -> None:
        for letter in letters:
            self._leased.pop(letter.ack_id, None)
        self._crashes.after("letters are acknowledged")

    async def give_back(self, letters: Sequence[Letter]) -> None:
        self._waiting += [
            found for letter in letters if (found := self._leased.pop(letter.ack_id, None))
        ]

    def expire_leases(self) -> None:
        """Let a crashed process' letters be pulled again: the deadline is over."""
        self._waiting += self._leased.values()
        self._leased.clear()

    def all(self) -> list[Letter]:
        """All that is kept, leased or not."""
        return [*self._waiting, *self._leased.values()]
