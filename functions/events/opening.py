"""Opens an event: decodes its bytes, and finds its envelope and its layout.

`load` and the privacy function open events with the same function, so they find the same people.
"""

from collections.abc import Iterator
from typing import NamedTuple

from functions.events.attributes import Kind
from functions.events.body import decode_json
from functions.events.envelope import Envelope, open_envelope
from functions.events.layout import Layout, Layouts


class Opened(NamedTuple):
    """An event that was opened.

    Attributes:
        envelope: the event's name and properties.
        layout: the destinations of the properties.
        is_object: whether the body is a JSON object.
    """

    envelope: Envelope
    layout: Layout
    is_object: bool


def open_event(data: bytes, kind: Kind, layouts: Layouts) -> Opened:
    """Decode an event, and find its envelope and its layout.

    If JSON has the same name twice, the last value counts. But some senders write several answers
    as repeated members, so the values of such a property are joined to one list.

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
        repeated = frozenset(_repeated(data, envelope, layout))
        if repeated:
            envelope = open_envelope(decode_json(data, repeated))
    return Opened(envelope, layout, isinstance(body, dict))


def _repeated(data: bytes, envelope: Envelope, layout: Layout) -> Iterator[str]:
    """Yield the names of list properties that occur more than once in the event's bytes."""
    for name in (*envelope.value, *envelope.beside):
        destination = layout.find(name)
        is_list = destination is not None and destination.repeated
        if is_list and data.count(b'"%b"' % name.encode("utf-8", "replace")) > 1:
            yield name
