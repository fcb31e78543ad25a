"""Who an event speaks of, read from the sender's own bytes as loading reads it."""

from collections.abc import Container, Mapping
from typing import NamedTuple

from functions.events.attributes import Kind
from functions.events.body import decode_json, encode_exactly
from functions.events.draft import Draft, is_speaker
from functions.events.envelope import open_envelope
from functions.events.layout import Layout, Layouts

_PERSONAL = frozenset({"user_id", "nickname", "nowhere"})
"""Targets of properties that tell who somebody is."""


class Mentioned(NamedTuple):
    """Who an event speaks of.

    Attributes:
        user_id: of the person whom it is about; None where it names none.
        speakers: user ids of the room's speakers.
    """

    user_id: str | None
    speakers: list[str]


def mentioned(data: bytes, kind: Kind, layouts: Layouts) -> Mentioned:
    """Return whom an event speaks of, by the rules of loading.

    Args:
        data: the event's bytes as sent.
        kind: the webhook that it came by.
        layouts: of the catalogue's events.

    Raises:
        BadMessage: the bytes are not JSON that can be read.
    """
    envelope = open_envelope(decode_json(data))
    draft = Draft(received_at=0, project=None)
    draft.fill(envelope.value, layouts.find(kind, envelope.event), envelope.beside)
    return Mentioned(draft.user_id, draft.speakers)


def user_id(data: bytes, kind: Kind, layouts: Layouts) -> str | None:
    """Return the id of the person whom an event is about; None where it names none.

    The arguments and what is raised are those of `mentioned`.
    """
    return mentioned(data, kind, layouts).user_id


def take_out(
    data: bytes, kind: Kind, layouts: Layouts, *, user: bool, speakers: Container[str]
) -> bytes:
    """Return an event without people.

    Args:
        data: the event's bytes as sent.
        kind: the webhook that it came by.
        layouts: of the catalogue's events.
        user: take out the person whom it is about, and what nobody knows not to be personal.
        speakers: user ids that are taken out of the room's speakers.

    Raises:
        BadMessage: the bytes are not JSON that can be read.
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
