"""Finds the events of a project in retained objects, which erasures read in the same way."""

from collections.abc import Mapping
from typing import NamedTuple

from functions.acceptance.values import NotJson
from functions.events.attributes import Kind, parse_kind
from functions.privacy.erasures.redaction import UNPLACED
from functions.retained import quarantine, spill
from functions.retained.bodies import split
from functions.retained.quarantine import Quarantined


class Unreadable(Exception):
    """An object or a message cannot be parsed. It is deleted when it is old enough."""


class RetainedMessage(NamedTuple):
    """An event as the sender wrote it.

    Attributes:
        data: the sender's bytes.
        kind: the kind of the event.
        received_at: the attribute of the Pub/Sub message (ISO 8601); empty if unknown.
    """

    data: bytes
    kind: Kind
    received_at: str


class Owner(NamedTuple):
    """The project whose events are searched for.

    Attributes:
        partner: the partner that the project belongs to.
        project: the person's project.
    """

    partner: str
    project: str


def message_of(data: bytes, attributes: Mapping[str, str], owner: Owner) -> RetainedMessage | None:
    """Return the event of a message; None if it belongs to another project.

    Args:
        data: the sender's bytes.
        attributes: the attributes of the message. Without a project, the event counts as one of
            the owner's project.
        owner: the project whose events are searched for.

    Raises:
        Unreadable: the attributes are not those of an event.
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
    """Return the owner's events in an object.

    Refused events whose project is unknown are included: they may be the owner's.

    Raises:
        Unreadable: the object is malformed, or its body is not JSON.
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
        RetainedMessage(event.data, kind if event.name is not None else "test", record.received_at)
        for _, event in split(record, body)
        if not event.project or record.reason in UNPLACED or event.project == owner.project
    ]
