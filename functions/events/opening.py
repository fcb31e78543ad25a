"""Opens an event: decodes its bytes, and finds its envelope and its layout.

`load` and the privacy function open events with the same function, so they find the same people.
"""

from typing import NamedTuple

from functions.events.attributes import Kind
from functions.events.body import decode_json
from functions.events.envelope import Envelope, open_envelope
from functions.events.layout import Layout, Layouts

MOST_SEARCHES = 20
"""The maximum number of names for which the bytes of an event are searched. If there are more
names, the event is decoded a second time without a search."""


class Opened(NamedTuple):
    """A decoded event, with its envelope and its layout.

    Attributes:
        envelope: the event's name and properties, as sent.
        layout: the destinations of the properties.
        is_object: whether the body is a JSON object.
    """

    envelope: Envelope
    layout: Layout
    is_object: bool


def open_event(data: bytes, kind: Kind, layouts: Layouts) -> Opened:
    """Decode an event, and find its envelope and its layout.

    A JSON object may have several members with the same name: some senders write each value of a
    property as a member of its own. If the layout allows several values for the property, the
    values are joined to one list. Otherwise the last member counts.

    Args:
        data: the event's bytes as sent.
        kind: the kind of the event.
        layouts: the layouts of all events.

    Raises:
        BadMessage: the JSON cannot be read.
    """
    body = decode_json(data)
    envelope = open_envelope(body)
    layout = layouts.find(kind, envelope.event)
    if layout.is_repeated:
        repeated = _repeated(data, envelope, layout)
        if repeated:
            envelope = open_envelope(decode_json(data, repeated))
    return Opened(envelope, layout, isinstance(body, dict))


def _repeated(data: bytes, envelope: Envelope, layout: Layout) -> frozenset[str]:
    """Return the names of members that may occur more than once in the event's bytes.

    Only properties that may have several values count. Each search reads all bytes of the event. So
    with more than `MOST_SEARCHES` names, this returns all of them without a search.
    """
    names = {
        name
        for name in (*envelope.value, *envelope.beside)
        if (destination := layout.destinations.get(name) or layout.find(name)) is not None
        and destination.repeated
    }
    if len(names) > MOST_SEARCHES:
        return frozenset(names)
    return frozenset(
        name for name in names if data.count(b'"%b"' % name.encode("utf-8", "replace")) > 1
    )
