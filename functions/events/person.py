"""Finds the people whom an event mentions, by the same rules as `load`."""

from collections.abc import Container, Mapping
from typing import NamedTuple

from functions.events.attributes import Kind
from functions.events.body import decode_json, encode_exactly
from functions.events.draft import Draft, is_speaker
from functions.events.envelope import open_envelope
from functions.events.layout import Layout, Layouts

_PERSONAL = frozenset({"user_id", "nickname", "nowhere"})
"""Targets of properties that may identify a person."""


class Mentioned(NamedTuple):
    """The people whom an event mentions.

    Attributes:
        user_id: the user id of the event's person; None if the event names no person.
        speakers: the user ids of the room's speakers.
    """

    user_id: str | None
    speakers: list[str]


def mentioned(data: bytes, kind: Kind, layouts: Layouts) -> Mentioned:
    """Return the people whom an event mentions, by the same rules as `load`.

    Args:
        data: the event's bytes as sent.
        kind: the kind of the event.
        layouts: the layouts of all events.

    Raises:
        BadMessage: the JSON cannot be read.
    """
    envelope = open_envelope(decode_json(data))
    draft = Draft(received_at=0, project=None)
    draft.fill(envelope.value, layouts.find(kind, envelope.event), envelope.beside)
    return Mentioned(draft.user_id, draft.speakers)


def user_id(data: bytes, kind: Kind, layouts: Layouts) -> str | None:
    """Return the user id of the event's person; None if the event names no person.

    Arguments and errors are those of `mentioned`.
    """
    return mentioned(data, kind, layouts).user_id


def take_out(
    data: bytes, kind: Kind, layouts: Layouts, *, user: bool, speakers: Container[str]
) -> bytes:
    """Remove some people from an event, and return the event's new bytes.

    Args:
        data: the event's bytes as sent.
        kind: the kind of the event.
        layouts: the layouts of all events.
        user: whether to remove the event's person, and all properties that may be personal.
        speakers: the user ids to remove from the room's speakers.

    Raises:
        BadMessage: the JSON cannot be read.
    """
    body = decode_json(data)
    if not isinstance(body, dict):
        return data
    envelope = open_envelope(body)
    layout = layouts.find(kind, envelope.event)
    left: dict[str, object] = {}
    if envelope.event_at is not None:
        left[envelope.event_at] = envelope.event
    left |= _members(envelope.beside, layout, user=user, speakers=speakers)
    if envelope.value_at is not None:
        left[envelope.value_at] = _members(envelope.value, layout, user=user, speakers=speakers)
    return encode_exactly(left)


def _members(
    members: Mapping[str, object],
    layout: Layout,
    *,
    user: bool,
    speakers: Container[str],
) -> dict[str, object]:
    left: dict[str, object] = {}
    for name, member in members.items():
        destination = layout.find(name)
        if destination is None or destination.target in _PERSONAL:
            left |= {} if user else {name: member}
        elif destination.target == "speakers":
            elements = member if isinstance(member, list) else [member]
            left[name] = [element for element in elements if not is_speaker(element, speakers)]
        else:
            left[name] = member
    return left
