"""Finds a project's events in retained objects and in dead letters.

`functions.privacy.erasures.redaction` reads the same objects and letters, to erase people.
"""

from collections.abc import Mapping
from typing import NamedTuple

from functions.acceptance.values import NotJson
from functions.events.attributes import Kind, parse_kind
from functions.privacy.erasures.redaction import UNPLACED
from functions.retained import quarantine, spill
from functions.retained.bodies import split
from functions.retained.quarantine import Quarantined


class Unreadable(Exception):
    """An object or a message cannot be parsed. It stays in its place until it expires there."""


class RetainedMessage(NamedTuple):
    """An event from an object or a dead letter.

    Attributes:
        data: the event's bytes, as the sender wrote them.
        kind: the kind of the event.
        received_at: when the event was received (ISO 8601); empty if unknown.
    """

    data: bytes
    kind: Kind
    received_at: str


class Owner(NamedTuple):
    """A project whose events are searched for, and the partner of this project.

    Attributes:
        partner: the name of the partner.
        project: the name of the project.
    """

    partner: str
    project: str


def message_of(data: bytes, attributes: Mapping[str, str], owner: Owner) -> RetainedMessage | None:
    """Return the event in a message; None if it belongs to another project or partner.

    Args:
        data: the event's bytes, as the sender wrote them.
        attributes: the attributes of the message. If they name no project, the event is assumed to
            belong to the owner's project.
        owner: the project and the partner whose events are searched for.

    Raises:
        Unreadable: the attributes do not name the kind of the event.
    """
    project = attributes.get("project")
    if (project or owner.project) != owner.project or attributes.get("partner") != owner.partner:
        return None
    try:
        return RetainedMessage(
            data, parse_kind(attributes["kind"]), attributes.get("received_at", "")
        )
    except (ValueError, KeyError):
        raise Unreadable from None


def messages_of(name: str, content: bytes, owner: Owner) -> list[RetainedMessage]:
    """Return the events in an object that belong to the owner's project.

    Events of the partner are included if their project is unknown.

    Args:
        name: the name of the object, in spill, in quarantine or below ``on_hold/``.
        content: the content of the object.
        owner: the project and the partner whose events are searched for.

    Raises:
        Unreadable: the object is malformed, its body is not JSON, or it does not name the kind of
            an event.
    """
    try:
        if not name.startswith(spill.PREFIX):
            return _quarantined(*quarantine.decode(content), owner)
        candidates = (
            message_of(event.data, event.attributes, owner) for event in spill.decode(content)
        )
        return [message for message in candidates if message is not None]
    except (ValueError, NotJson):
        raise Unreadable from None


def _quarantined(record: Quarantined, body: bytes, owner: Owner) -> list[RetainedMessage]:
    if record.attributes is not None:
        message = message_of(body, record.attributes, owner)
        return [] if message is None else [message]
    if record.partner != owner.partner:
        return []
    kind = parse_kind(record.kind)
    return [
        RetainedMessage(event.data, "test" if event.is_test else kind, record.received_at)
        for _, _, event in split(record, body)
        if not event.project or record.reason in UNPLACED or event.project == owner.project
    ]
