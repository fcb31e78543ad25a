"""The format of spill: accepted events, stored in the bucket because Pub/Sub did not take them.

An object is NDJSON with one line for each event: the event's bytes in base64, and the attributes of
its Pub/Sub message. A replay publishes the same message, so the event keeps its ingest id.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

PREFIX = "spill/"

CONTENT_TYPE = "application/x-ndjson"


class Spilled(msgspec.Struct, frozen=True):
    """One spilled event.

    Attributes:
        data: the event's bytes as sent; the object has them in base64.
        attributes: the attributes of the Pub/Sub message.
    """

    data: bytes
    attributes: dict[str, str]


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Spilled)


def object_name(flushed_at: datetime, unique: str) -> str:
    """Return an object's name: ``spill/YYYY/MM/DD/HH/<unique>.ndjson``, with the hour in UTC.

    Args:
        flushed_at: when the object is written (timezone-aware).
        unique: a UUIDv7, so that the names within an hour sort by time.
    """
    return f"{PREFIX}{flushed_at.astimezone(UTC):%Y/%m/%d/%H}/{unique}.ndjson"


def encode(events: Iterable[Spilled]) -> bytes:
    """Return the content of an object with these events."""
    return _ENCODER.encode_lines(events)


def decode(content: bytes) -> Iterator[Spilled]:
    """Read an object's content, one event at a time.

    Raises:
        ValueError: a line is not a spilled event; the message gives only the number of the line.
    """
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            try:
                yield _DECODER.decode(line)
            except msgspec.DecodeError:
                raise ValueError(f"line {number} is not a spilled event") from None
