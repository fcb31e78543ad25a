"""Who an event is about, read from the sender's own bytes as loading reads it."""

from functions.events.body import decode_json
from functions.events.coerce import NotCoerced
from functions.events.envelope import Kind, open_envelope
from functions.events.layout import Layouts


def user_id(data: bytes, kind: Kind, layouts: Layouts) -> str | None:
    """Return the id of the person whom an event is about; None where it names none.

    Of several names of the property, the first that has a value counts.

    Args:
        data: the event's bytes as sent.
        kind: the webhook that it came by.
        layouts: of the catalogue's events.

    Raises:
        BadMessage: the bytes are not JSON that can be read.
    """
    envelope = open_envelope(decode_json(data))
    layout = layouts.find(kind, envelope.event)
    for name, value in envelope.properties.items():
        place = layout.find(name)
        if place is None or place.target != "user_id" or value is None:
            continue
        try:
            known = place.coerce(value)
        except NotCoerced:
            continue
        if known is not None:
            return str(known)
    return None
