"""Stand-ins for the two that do I/O, which can be told to fail, and the partners that may send."""

import hashlib
from collections.abc import Sequence
from typing import Any

from functions.events.attributes import Attributes
from functions.events.message import Message
from functions.google.storage import BucketUnavailable
from functions.receive.durable import NotDurable
from functions.retained.quarantine import object_name
from functions.web.batching import QueueFull

TOKEN = "token-of-acme"
ONE_PROJECT_TOKEN = "token-of-solo"
PARTNERS = {
    "acme": {
        "tokens_sha256": [hashlib.sha256(TOKEN.encode()).hexdigest()],
        "projects": {"acme-prod": "eu", "acme-dev": "eu", "acme-us": "us"},
    },
    "solo": {
        "tokens_sha256": [hashlib.sha256(ONE_PROJECT_TOKEN.encode()).hexdigest()],
        "projects": {"only": "eu"},
    },
}


def message(data: bytes, *, ingest_id: str = "", event: str | None = None) -> Message:
    """A message of acme."""
    return Message(data, Attributes(ingest_id, "", "chat", "acme", "acme-prod", event))


class Broker:
    """Takes messages, or fails as told."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.failure: type[NotDurable | QueueFull] | None = None
        self.refused: Sequence[int] = ()

    async def store(self, messages: Sequence[Message]) -> Sequence[int]:
        if self.failure:
            raise self.failure
        self.messages += [
            message for place, message in enumerate(messages) if place not in self.refused
        ]
        return self.refused


class Objects:
    """Takes objects, or fails as told."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.kept: list[tuple[str, bytes, list[int]]] = []
        self.fails = False

    async def keep(
        self, *, reason: str, partner: str, kind: str, data: bytes, **of_request: Any
    ) -> None:
        if self.fails:
            raise BucketUnavailable
        self.names.append(object_name(reason, partner, kind, data))
        self.kept.append((reason, data, list(of_request["positions"])))
