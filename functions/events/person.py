"""Who an event is about, read from the sender's own bytes as loading reads it."""

from typing import NamedTuple

from functions.events.body import decode_json
from functions.events.draft import Draft
from functions.events.envelope import Envelope, Kind, open_envelope
from functions.events.layout import Layout, Layouts


class People(NamedTuple):
    """Whom an event names.

    Attributes:
        user_id: of the person whom it is about; None where it names none.
        speakers: user ids of those who may speak in the room.
    """

    user_id: str | None
    speakers: tuple[str, ...]


def people(envelope: Envelope, layout: Layout) -> People:
    """Return whom an event names. Of several names of a property the first with a value counts."""
    draft = Draft(0, None)
    draft.fill(envelope.properties, layout)
    return People(draft.user_id, tuple(draft.speakers))


def user_id(data: bytes, kind: Kind, layouts: Layouts) -> str | None:
    """Return the id of the person whom an event is about; None where it names none.

    Args:
        data: the event's bytes as sent.
        kind: the webhook that it came by.
        layouts: of the catalogue's events.

    Raises:
        BadMessage: the bytes are not JSON that can be read.
    """
    envelope = open_envelope(decode_json(data))
    return people(envelope, layouts.find(kind, envelope.event)).user_id
