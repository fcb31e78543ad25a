"""The body of a quarantined object: a whole request, or its events with the same reason.

Events of one request with the same reason share one object, so that a request with many bad events
needs only a few writes.
"""

from collections.abc import Sequence

from functions.acceptance.body import ReceivedEvent, parse, parse_one
from functions.acceptance.values import NotJson
from functions.retained.quarantine import Quarantined


def join(events: Sequence[bytes]) -> bytes:
    """Return the body of at least one event: a single event unchanged, or an array of several."""
    return events[0] if len(events) == 1 else b"[" + b",".join(events) + b"]"


def split(record: Quarantined, body: bytes) -> list[tuple[int, ReceivedEvent]]:
    """Return the events of a quarantined body, each with its position in the original request.

    Args:
        record: the object's record.
        body: the body's bytes.

    Raises:
        NotJson: the body is not JSON, or its number of events differs from the record's.
    """
    positions = record.positions
    if not positions:
        return list(enumerate(parse(body, most=len(body))))  # an event has at least one byte
    if len(positions) == 1:
        return [(positions[0], parse_one(body))]
    events = parse(body, most=len(positions))
    if len(events) != len(positions):
        raise NotJson("the number of events in the body differs from `positions`")
    return list(zip(positions, events, strict=True))
