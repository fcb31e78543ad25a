"""Makes Pub/Sub messages of the objects that were put aside."""

import base64
import binascii

import msgspec

from functions import spill
from functions.events.envelope import Attributes
from functions.operate.objects import Stored
from functions.operate.publish import Message
from functions.operate.replay import NotReplayable
from functions.quarantine import Quarantined

_QUARANTINED = msgspec.json.Decoder(Quarantined)


async def decode(stored: Stored, content: bytes) -> list[Message]:
    """Make messages of an object's content.

    Raises:
        NotReplayable: it is not of the form that its name says, or cannot be accepted.
    """
    if stored.name.startswith(spill.PREFIX):
        return _spilled(content)
    return _quarantined(content)


def _spilled(content: bytes) -> list[Message]:
    try:
        return [_message(event.data, event.attributes) for event in spill.decode(content)]
    except ValueError:
        raise NotReplayable("malformed") from None


def _quarantined(content: bytes) -> list[Message]:
    """Make the message that the loader could not load; a new version of it may be able to."""
    try:
        record = _QUARANTINED.decode(content)
        if record.attributes is None:
            raise NotReplayable("not_accepted")
        return [_message(base64.b64decode(record.body, validate=True), record.attributes)]
    except (ValueError, binascii.Error):
        raise NotReplayable("malformed") from None


def _message(data: bytes, attributes: dict[str, str]) -> Message:
    """Make a message with the attributes that it had, and so with its ingest id.

    Raises:
        ValueError: the loader would not know them.
    """
    Attributes.from_mapping(attributes)
    return Message(data, attributes)
