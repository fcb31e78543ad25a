"""An event on its way to Pub/Sub, and how much of such one publish takes."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from functions.events.attributes import Attributes
from functions.events.body import BadMessage, decode_json
from functions.events.envelope import open_envelope
from functions.events.names import event_name

PUBLISH_MESSAGES = 1_000
"""The most messages that Pub/Sub takes in one request."""

PUBLISH_BYTES = 9_000_000
"""The most bytes put into one request; Pub/Sub's limit is 10 MB (10,000,000 bytes)."""

MESSAGE_OVERHEAD_BYTES = 400
"""An allowance for a message's attributes beside the event's name, and for framing."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """An event on its way: the sender's bytes, and what Pub/Sub may know of it."""

    data: bytes
    attributes: Attributes

    @property
    def size(self) -> int:
        """Bytes that it adds to a request, at most."""
        return len(self.data) + len(self.attributes.event or "") * 4 + MESSAGE_OVERHEAD_BYTES


def message_again(data: bytes, attributes: Mapping[str, str]) -> Message:
    """Make the message of an event that was accepted before, for a replay.

    The attribute ``event`` is made of the data again: what was kept under an old or foreign
    spelling is then heard by every filter.

    Args:
        data: the sender's own bytes.
        attributes: of the message as it was kept.

    Raises:
        ValueError: an attribute is missing or malformed; the message names it, not its value.
    """
    known = Attributes.from_mapping(attributes)
    try:
        sent = open_envelope(decode_json(data)).event
    except BadMessage:  # loading it tells why
        return Message(data, known)
    event = None if sent is None else event_name(known.kind, sent)
    return Message(data, msgspec.structs.replace(known, event=event))


def pieces(messages: Sequence[Message]) -> Iterator[tuple[Sequence[Message], int]]:
    """Cut messages into pieces that one publish can take, in order; each with its bytes, at most.

    A message that is larger than a publish may be is a piece of its own: Pub/Sub will refuse it.
    """
    start = size = 0
    for position, message in enumerate(messages):
        added = message.size
        is_full = size + added > PUBLISH_BYTES or position - start == PUBLISH_MESSAGES
        if position > start and is_full:
            yield messages[start:position], size
            start, size = position, 0
        size += added
    if messages:
        yield messages[start:], size
