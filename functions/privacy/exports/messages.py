"""The events of one project in an object that was put aside."""

import base64
import binascii
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from functions import spill
from functions.acceptance.body import NotJson, parse
from functions.events.envelope import Kind, parse_kind
from functions.quarantine import Quarantined


class Unreadable(Exception):
    """Nobody can tell what it is; it goes by its age."""


class Message(NamedTuple):
    """An event as sent.

    Attributes:
        data: the sender's bytes.
        kind: the webhook that it came by.
        received_at: as the attribute of Pub/Sub's message.
    """

    data: bytes
    kind: Kind
    received_at: str


def message_of(data: bytes, attributes: Mapping[str, str]) -> Message:
    """Return an event that was accepted.

    Raises:
        Unreadable: an attribute is missing.
    """
    try:
        return Message(data, parse_kind(attributes.get("kind", "")), attributes["received_at"])
    except (ValueError, KeyError):
        raise Unreadable from None


def messages_of(name: str, content: bytes, project: str, partner: str) -> list[Message]:
    """Return the events of an object.

    One that was accepted says its project. Of bodies that were refused those events count that
    name this project or none: within another project the same id may be another person's.

    Args:
        name: the object's.
        content: the object's.
        project: whose events are looked for.
        partner: that the project belongs to.

    Raises:
        Unreadable: it is not of the form that its name says, or its body is no JSON.
    """
    try:
        if name.startswith(spill.PREFIX):
            return [
                message_of(event.data, event.attributes)
                for event in spill.decode(content)
                if event.attributes.get("project") == project
            ]
        return _quarantined(msgspec.json.decode(content, type=Quarantined), project, partner)
    except (ValueError, binascii.Error, NotJson):
        raise Unreadable from None


def _quarantined(record: Quarantined, project: str, partner: str) -> list[Message]:
    body = base64.b64decode(record.body, validate=True)
    if record.attributes is not None:
        is_wanted = record.attributes.get("project") == project
        return [message_of(body, record.attributes)] if is_wanted else []
    if record.partner != partner:
        return []
    kind = parse_kind(record.kind)
    return [
        Message(event.data, kind, record.received_at)
        for event in parse(body, most=len(body))
        if event.project in {project, None, ""}
    ]
