"""The body of a quarantined object: a whole request, or some of its refused events.

Events of one request that were refused for the same reason share one object, so that a request
with many bad events needs only a few writes, even if each event names another project.
"""

from collections.abc import Sequence
from typing import NamedTuple

from functions.acceptance import ingest_id
from functions.acceptance.body import ReceivedEvent, parse, parse_one
from functions.acceptance.reasons import NOT_JSON
from functions.acceptance.values import NotJson
from functions.retained.quarantine import Quarantined, id_of_body


class QuarantinedEvent(NamedTuple):
    """An event of a quarantined body.

    Attributes:
        position: the event's position in the original request, from 0.
        ingest_id: the event's ingest id; it is the same in each replay.
        event: the event as received.
    """

    position: int
    ingest_id: str
    event: ReceivedEvent


def join(events: Sequence[bytes], reason: str = "") -> bytes:
    """Return the body that contains these events: a single event as it is, several as an array.

    Args:
        events: the bytes of the events.
        reason: why the events are quarantined. Events that are not JSON are lines of NDJSON, and
            are joined as lines, so that an operator can repair them.
    """
    if len(events) == 1:
        return events[0]
    if reason == NOT_JSON.code:
        return b"\n".join(events)
    return b"[" + b",".join(events) + b"]"


def split(record: Quarantined, body: bytes) -> list[QuarantinedEvent]:
    """Return the events of a quarantined body.

    Args:
        record: the content of the quarantined object.
        body: the bytes of the body, decoded from the record.

    Raises:
        NotJson: the body is not JSON, or it has more or fewer events than the record has ingest
            ids.
    """
    ids = record.ingest_ids
    if not ids:
        # Each event has at least one byte, so this value of `most` allows all events.
        events = parse(body, most=len(body))
        own = ingest_id.of_request(
            record.partner,
            record.kind,
            record.sender_id or id_of_body(body),
            [event.data for event in events],
        )
        ids = dict(enumerate(own))
    elif len(ids) == 1:
        events = [parse_one(body)]
    else:
        events = parse(body, most=len(ids))
    if len(events) != len(ids):
        raise NotJson("the number of events in the body differs from `ingest_ids`")
    return [
        QuarantinedEvent(position, own_id, event)
        for (position, own_id), event in zip(ids.items(), events, strict=True)
    ]
