"""A refused body, as quarantine keeps it: a whole request, or events of one with the same fault.

Such events are one object: a sender that has everything wrong must not cost a write for each.
"""

from collections.abc import Sequence

from functions.acceptance.body import ReceivedEvent, parse, parse_one
from functions.acceptance.values import NotJson
from functions.retained.quarantine import Quarantined


def join(events: Sequence[bytes]) -> bytes:
    """Return the body that is kept of events, at least one: itself, or an array of several."""
    return events[0] if len(events) == 1 else b"[" + b",".join(events) + b"]"


def split(record: Quarantined, body: bytes) -> list[tuple[int, ReceivedEvent]]:
    """Return the events of a kept body, each with its place in the request that it came in.

    Args:
        record: of the body.
        body: as kept.

    Raises:
        NotJson: it is still not JSON, or has another number of events than the record says.
    """
    positions = record.positions
    if not positions:
        return list(enumerate(parse(body, most=len(body))))  # as each event has a byte at least
    if len(positions) == 1:
        return [(positions[0], parse_one(body))]
    events = parse(body, most=len(positions))
    if len(events) != len(positions):
        raise NotJson("the number of events in the body differs from `positions`")
    return list(zip(positions, events, strict=True))
