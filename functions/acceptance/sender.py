"""Who sent an event, and the message that it becomes."""

import msgspec

from functions.acceptance import ingest_id
from functions.acceptance.body import ReceivedEvent
from functions.acceptance.partners import Partner
from functions.events.attributes import Attributes, Kind, microseconds_later
from functions.events.message import Message
from functions.events.names import event_name


class Sender(msgspec.Struct, frozen=True):
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


def message_of(
    event: ReceivedEvent, project: str | None, sender: Sender, position: int, received_at: str
) -> Message:
    """Return the message of an accepted event.

    The n-th event of a request is received n microseconds after the first, so that the sender's
    order stays: a person who comes back and is deleted in one request is deleted.

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
    kind: Kind = "test" if event.is_test else sender.kind
    name = None if event.name is None else event_name(kind, event.name)
    received_at = microseconds_later(received_at, position)
    attributes = Attributes(event_id, received_at, kind, sender.partner, project, name)
    return Message(event.data, attributes)
