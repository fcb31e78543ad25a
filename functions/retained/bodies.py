"""The body of a quarantined object: a whole request, or its events that have the same reason.

Events of one request with the same reason share one object, so that a request with many bad events
needs only a few writes.
"""

from collections.abc import Sequence

from functions.acceptance.body import ReceivedEvent, parse, parse_one
from functions.acceptance.values import NotJson
from functions.retained.quarantine import Quarantined


def join(events: Sequence[bytes]) -> bytes:
    """Join events to a body: a single event stays unchanged, several events become an array."""
    return events[0] if len(events) == 1 else b"[" + b",".join(events) + b"]"


def split(record: Quarantined, body: bytes) -> list[tuple[int, ReceivedEvent]]:
    """Return the events of a quarantined body, each with its position in the original request.

    Args:
        record: the content of the quarantined object.
        body: the bytes of the body, decoded from the record.

    Raises:
        NotJson: the body is not JSON, or the number of events differs from ``record.positions``.
    """
    positions = record.positions
    if not positions:
        # `most` is no limit here, because each event has at least one byte.
        return list(enumerate(parse(body, most=len(body))))
    if len(positions) == 1:
        return [(positions[0], parse_one(body))]
    events = parse(body, most=len(positions))
    if len(events) != len(positions):
        raise NotJson("the number of events in the body differs from `positions`")
    return list(zip(positions, events, strict=True))
