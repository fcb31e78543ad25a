"""Describes the sender of a request, and makes the Pub/Sub message of an accepted event."""

import msgspec

from functions.acceptance.body import ReceivedEvent
from functions.acceptance.partners import Partner
from functions.events.attributes import Attributes, Kind, microseconds_later
from functions.events.message import Message
from functions.events.names import event_name


class Sender(msgspec.Struct, frozen=True):
    """The sender of a request, and the kind and the id of the request.

    Attributes:
        partner: the partner's name.
        record: the partner's record.
        kind: the kind of the webhook.
        id: the id that the sender gave the request, the same on each retry. Empty if there is none,
            or if `Partner.has_request_ids` is false.
    """

    partner: str
    record: Partner
    kind: Kind
    id: str


def message_of(
    event: ReceivedEvent,
    project: str | None,
    sender: Sender,
    ingest_id: str,
    position: int,
    received_at: str,
) -> Message:
    """Return the Pub/Sub message for an accepted event.

    The events of a request get times of receipt that are one microsecond apart, so that they keep
    the sender's order. For example, if a person restores the account and then deletes it, the
    deletion must count as later.

    Args:
        event: the event as received.
        project: the project for which `functions.acceptance.placement.place` accepted the event.
        sender: the sender of the request.
        ingest_id: the event's id, from `functions.acceptance.ingest_id.of_request`.
        position: the event's position in the request, from 0.
        received_at: when the request was received (UTC), as text.
    """
    kind: Kind = "test" if event.is_test else sender.kind
    name = None if event.name is None else event_name(kind, event.name)
    received_at = microseconds_later(received_at, position)
    attributes = Attributes(ingest_id, received_at, kind, sender.partner, project, name)
    return Message(event.data, attributes)
