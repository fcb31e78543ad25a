"""Finds the people whom an event mentions, by the same rules as `load`."""

from collections.abc import Callable, Container, Mapping
from datetime import datetime
from typing import NamedTuple

from functions.events.attributes import Kind
from functions.events.body import encode_exactly
from functions.events.coerce import EPOCH, MICROSECOND, to_microseconds
from functions.events.draft import Draft
from functions.events.identity import without_speakers
from functions.events.layout import Layout, Layouts
from functions.events.opening import open_event

_PERSONAL = frozenset({"user_id", "nickname", "nowhere"})
"""The values of `Destination.target` for properties that may identify a person."""


class Mentioned(NamedTuple):
    """The people whom an event mentions.

    Attributes:
        user_id: the user id of the person whom the event is about; None if there is none.
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
    envelope, layout, _ = open_event(data, kind, layouts)
    draft = Draft(received_at=0, project=None)
    draft.fill(envelope.value, layout, envelope.beside)
    return Mentioned(draft.user_id, draft.speakers or [])


def user_id(data: bytes, kind: Kind, layouts: Layouts) -> str | None:
    """Return the user id of the person whom an event is about; None if there is none.

    Args:
        data: the event's bytes as sent.
        kind: the kind of the event.
        layouts: the layouts of all events.

    Raises:
        BadMessage: the JSON cannot be read.
    """
    return mentioned(data, kind, layouts).user_id


def happened_at(
    data: bytes, kind: Kind, layouts: Layouts, received_at: datetime
) -> datetime | None:
    """Return when an event happened, by the sender's clock; None if no sane time is stated.

    Args:
        data: the event's bytes as sent.
        kind: the kind of the event.
        layouts: the layouts of all events.
        received_at: when the event was received (timezone-aware).

    Raises:
        BadMessage: the JSON cannot be read.
    """
    envelope, layout, _ = open_event(data, kind, layouts)
    draft = Draft(to_microseconds(received_at), project=None)
    draft.fill(envelope.value, layout, envelope.beside)
    moment = draft.columns.get("occurred_at")
    return EPOCH + moment * MICROSECOND if isinstance(moment, int) else None


def take_out(
    data: bytes, kind: Kind, layouts: Layouts, *, user: bool, speakers: Container[str]
) -> bytes:
    """Remove some people from an event, and return the event's new bytes.

    Args:
        data: the event's bytes as sent.
        kind: the kind of the event.
        layouts: the layouts of all events.
        user: whether to remove the person whom the event is about. This also removes all properties
            that may be personal: those that are unknown, and those whose values cannot be read.
        speakers: the user ids to remove from the room's speakers.

    Raises:
        BadMessage: the JSON cannot be read.
    """
    return _rewrite(data, kind, layouts, user=user, leave_out=lambda speaker: speaker in speakers)


def keep_one(data: bytes, kind: Kind, layouts: Layouts, *, ids: Container[str]) -> bytes:
    """Remove all speakers from an event except one person; return the event's new bytes.

    A speaker without a readable id is also removed, because it may be another person.

    Args:
        data: the event's bytes as sent.
        kind: the kind of the event.
        layouts: the layouts of all events.
        ids: the user ids of the person who stays.

    Raises:
        BadMessage: the JSON cannot be read.
    """
    return _rewrite(data, kind, layouts, user=False, leave_out=lambda speaker: speaker not in ids)


_Decision = Callable[[str | None], bool]


def _rewrite(
    data: bytes, kind: Kind, layouts: Layouts, *, user: bool, leave_out: _Decision
) -> bytes:
    envelope, layout, is_object = open_event(data, kind, layouts)
    if not is_object:
        return data
    left: dict[str, object] = {}
    if envelope.event_at is not None:
        left[envelope.event_at] = envelope.event
    left |= _members(envelope.beside, layout, user=user, leave_out=leave_out)
    if envelope.value_at is not None:
        left[envelope.value_at] = _members(envelope.value, layout, user=user, leave_out=leave_out)
    return encode_exactly(left)


def _members(
    members: Mapping[str, object], layout: Layout, *, user: bool, leave_out: _Decision
) -> dict[str, object]:
    left: dict[str, object] = {}
    for name, member in members.items():
        destination = layout.find(name)
        if destination is None or destination.target in _PERSONAL:
            left |= {} if user else {name: member}
        elif destination.target == "speakers":
            left[name] = without_speakers(member, leave_out)
        elif not user or member is None or destination.reads(member):
            left[name] = member
    return left
