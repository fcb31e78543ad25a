"""An accepted event on its way: what Pub/Sub takes, and how much of it a request may have."""

from collections.abc import Sequence
from typing import NamedTuple

from functions.events.envelope import ATTRIBUTE_BYTES, Attributes, Kind
from functions.events.envelope import cut as shorten
from functions.receive import ingest_id
from functions.receive.body import ReceivedEvent
from functions.receive.partners import Partner

PUBLISH_MESSAGES = 1_000
"""The most messages that Pub/Sub takes in one request."""

PUBLISH_BYTES = 9_000_000
"""The most bytes put into one request; Pub/Sub's limit is 10 MB (10,000,000 bytes)."""

MESSAGE_OVERHEAD_BYTES = 400
"""An allowance for a message's attributes beside the event's name, and for framing."""


class Sender(NamedTuple):
    """Who sent a request, by which webhook, and under which id of its own.

    Attributes:
        partner: its name.
        record: what is known of it.
        kind: of the webhook.
        id: of the request, the same on each of its retries; empty where the sender gives none.
    """

    partner: str
    record: Partner
    kind: Kind
    id: str


class Message(NamedTuple):
    """An event on its way: the sender's bytes, and what Pub/Sub may know of it."""

    data: bytes
    attributes: Attributes

    @property
    def size(self) -> int:
        """Bytes that it adds to a request, at most."""
        return len(self.data) + len(self.attributes.event or "") * 4 + MESSAGE_OVERHEAD_BYTES


class Chunk(NamedTuple):
    """Messages of one sender's request that are made durable together.

    Attributes:
        messages: at most as many as one publish takes.
        size: their bytes, at most.
        until: when the sender must have its answer, on the monotonic clock, in seconds.
    """

    messages: Sequence[Message]
    size: int
    until: float


def cut(messages: Sequence[Message], until: float) -> list[Chunk]:
    """Cut the messages of one request into pieces that a publish can take."""
    if len(messages) == 1:  # as most requests
        return [Chunk(messages, messages[0].size, until)]
    chunks: list[Chunk] = []
    start = size = 0
    for position, message in enumerate(messages):
        added = message.size
        is_full = size + added > PUBLISH_BYTES or position - start == PUBLISH_MESSAGES
        if position > start and is_full:
            chunks.append(Chunk(messages[start:position], size, until))
            start, size = position, 0
        size += added
    chunks.append(Chunk(messages[start:], size, until))
    return chunks


def message_of(
    event: ReceivedEvent, project: str | None, sender: Sender, position: int, received_at: str
) -> Message:
    """Return the message of an accepted event.

    Args:
        event: as received.
        project: where it was placed.
        sender: of the request.
        position: of the event in the request, from 0.
        received_at: the request's, UTC.
    """
    event_id = (
        ingest_id.derived(sender.partner, sender.kind, sender.id, position)
        if sender.id
        else ingest_id.fresh()
    )
    # Cut here: nobody downstream need keep more of a name than an attribute may have.
    name = None if event.name is None else shorten(event.name, ATTRIBUTE_BYTES)
    kind = sender.kind if name is not None else "test"
    attributes = Attributes(event_id, received_at, kind, sender.partner, project, name)
    return Message(event.data, attributes)
