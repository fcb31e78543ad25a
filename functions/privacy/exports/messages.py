"""The events in a retained object which may be of a project, read as erasures do."""

from collections.abc import Mapping
from typing import NamedTuple

from functions.acceptance.values import NotJson
from functions.events.attributes import Kind, parse_kind
from functions.privacy.erasures.redaction import UNPLACED
from functions.retained import quarantine, spill
from functions.retained.bodies import split
from functions.retained.quarantine import Quarantined


class Unreadable(Exception):
    """Nobody can tell what it is; it goes by its age."""


class RetainedMessage(NamedTuple):
    """An event as sent.

    Attributes:
        data: the sender's bytes.
        kind: the webhook that it came by.
        received_at: as the attribute of Pub/Sub's message; empty where it is not known.
    """

    data: bytes
    kind: Kind
    received_at: str


class Owner(NamedTuple):
    """Whose events are looked for.

    Attributes:
        partner: that the project belongs to.
        project: of the person.
    """

    partner: str
    project: str


def message_of(data: bytes, attributes: Mapping[str, str], owner: Owner) -> RetainedMessage | None:
    """Return an event that was accepted; None for one of another project.

    Raises:
        Unreadable: its attributes are not those of an event.
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
    """Return the events of an object.

    Of bodies that were refused those count, too, of which nobody knows the project.

    Raises:
        Unreadable: it is not of the form that its name says, or its body is no JSON.
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
