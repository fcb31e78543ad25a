"""Stand-ins for the bucket and the topic, which can be told to fail."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from functions import spill
from functions.bucket import BucketUnavailable
from functions.operate.objects import Stored
from functions.operate.publish import Message, PublishFailed, PublishRefused
from functions.operate.statements import StatementFailed

WRITTEN_AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


def message(number: int, day: str = "2026-11-22") -> Message:
    """An event as the receiver would have published it."""
    attributes = {
        "ingest_id": f"id-{number}",
        "received_at": f"{day}T09:59:59.123456Z",
        "kind": "chat",
        "partner": "acme",
        "project": "acme-prod",
        "event": "emoji_sent",
    }
    return Message(f'{{"event": "emoji_sent", "n":{number} }}'.encode(), attributes)


def spilled(*messages: Message) -> bytes:
    """The content of an object in the spill."""
    return spill.encode(spill.Spilled(each.data, each.attributes) for each in messages)


class Bucket:
    """Objects in memory; the generation counts the writes."""

    def __init__(self) -> None:
        self.contents: dict[str, tuple[bytes, int, datetime]] = {}
        self.failing: set[str] = set()
        self.writes = 0

    def write(self, name: str, content: bytes, written_at: datetime = WRITTEN_AT) -> None:
        self.writes += 1
        self.contents[name] = (content, self.writes, written_at)

    async def find(self, prefix: str) -> list[Stored]:
        self._check("find")
        return [
            Stored(name, generation, written_at)
            for name, (_, generation, written_at) in sorted(self.contents.items())
            if name.startswith(prefix)
        ]

    async def read(self, stored: Stored) -> bytes | None:
        self._check("read")
        content, generation, _ = self.contents.get(stored.name, (None, 0, None))
        return content if generation == stored.generation else None

    async def delete(self, stored: Stored) -> None:
        self._check("delete")
        if self.contents.get(stored.name, (b"", 0))[1] == stored.generation:
            del self.contents[stored.name]

    def _check(self, action: str) -> None:
        if action in self.failing:
            raise BucketUnavailable


class Topic:
    """Takes messages, or fails as told."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.failing = False
        self.refused: set[str] = set()
        self.then: Callable[[], None] = lambda: None

    async def publish(self, messages: Sequence[Message]) -> None:
        if self.failing:
            raise PublishFailed("ServiceUnavailable")
        if self.refused & {each.attributes["ingest_id"] for each in messages}:
            raise PublishRefused("not_publishable")
        self.messages += messages
        self.then()

    @property
    def ids(self) -> list[str]:
        return [each.attributes["ingest_id"] for each in self.messages]


class Store:
    """Notes the statements that it is to run; each changes one row, unless told to fail."""

    def __init__(self) -> None:
        self.found: dict[str, list[datetime]] = {}
        self.asked: list[tuple[str, dict[str, datetime]]] = []
        self.changed: list[tuple[str, str]] = []
        self.given: list[tuple[str, dict[str, datetime]]] = []
        self.failing: set[str] = set()
        self.then: Callable[[], None] = lambda: None

    async def days(self, name: str, **moments: datetime) -> list[datetime]:
        self._check(name)
        self.asked.append((name, moments))
        return self.found.pop(name, [])

    async def change(self, name: str, **moments: datetime) -> int:
        self._check(name)
        self.given.append((name, moments))
        day = moments.get("day") or moments.get("first") or moments["first_week"]
        self.changed.append((name, f"{day:%m-%d}"))
        self.then()
        return 1

    def _check(self, name: str) -> None:
        if name in self.failing:
            raise StatementFailed(name, "ServiceUnavailable")
