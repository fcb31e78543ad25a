"""The Pub/Sub message of an event, and the limits of one publish request."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from functions.events.attributes import Attributes
from functions.events.body import BadMessage, decode_json
from functions.events.envelope import open_envelope
from functions.events.names import event_name

PUBLISH_MESSAGES = 1_000
"""Pub/Sub's limit for the number of messages in one publish request."""

PUBLISH_BYTES = 9_000_000
"""The maximum bytes of one publish request; Pub/Sub's limit is 10 MB (10,000,000 bytes)."""

MESSAGE_OVERHEAD_BYTES = 400
"""The maximum bytes that a message has besides its data and the event's name: framing, and the
other attributes."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """A message for Pub/Sub: the event's bytes as sent, and the attributes."""

    data: bytes
    attributes: Attributes

    @property
    def size(self) -> int:
        """The maximum bytes that the message adds to a publish request."""
        return len(self.data) + len(self.attributes.event or "") * 4 + MESSAGE_OVERHEAD_BYTES


def message_again(data: bytes, attributes: Mapping[str, str]) -> Message:
    """Return a message that publishes a retained event again.

    The attribute ``event`` is computed again from the data. The retained attribute may have another
    spelling than the catalogue has now, and then the filters of subscriptions would not match it.

    Args:
        data: the event's bytes as sent.
        attributes: the attributes of the retained message.

    Raises:
        ValueError: an attribute is missing or malformed; the message names the attribute, but does
            not quote its value.
    """
    known = Attributes.from_mapping(attributes)
    try:
        sent = open_envelope(decode_json(data)).event
    except BadMessage:  # unreadable; `load` will quarantine the event
        return Message(data, known)
    event = None if sent is None else event_name(known.kind, sent)
    return Message(data, msgspec.structs.replace(known, event=event))


def pieces(messages: Sequence[Message]) -> Iterator[tuple[Sequence[Message], int]]:
    """Split messages into pieces that each fit the limits of one publish request.

    Yields each piece, in order, and an upper bound for the bytes of its publish request. A message
    above the limit is a piece of its own; Pub/Sub will refuse it.
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
