"""Objects of spill and quarantine without the people who are covered.

What cannot be read is left: a body that is no JSON goes after a week (the bucket's lifecycle), for
nobody can look for a person in it.
"""

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from functions import quarantine, spill
from functions.acceptance.refused import join, split
from functions.acceptance.values import NotJson
from functions.events.envelope import parse_kind, parse_time
from functions.privacy.redaction import Redaction, Taken
from functions.quarantine import Quarantined

UNPLACED = frozenset({"project_missing", "project_unknown"})
"""Reasons of bodies of which it is not known which of the partner's projects they are of."""


class Rewritten(NamedTuple):
    """What an object becomes.

    Attributes:
        objects: name and content of what it is replaced by; none where nothing is left of it.
        taken: what was done to its events.
    """

    objects: tuple[tuple[str, bytes], ...]
    taken: Taken


def rewrite_spilled(
    name: str, content: bytes, written_at: datetime, redaction: Redaction
) -> Rewritten | None:
    """Rewrite an object of the spill, under its name; None where nobody in it is covered."""
    lines: list[bytes] = []
    taken: list[tuple[str, str]] = []
    for line in content.splitlines():
        found = None
        for event in _spilled(line):
            found = redaction.apply_to(event.data, event.attributes, written_at)
        if found is None:
            lines.append(line + b"\n")
            continue
        redacted, attributes = found
        taken += redacted.taken
        if redacted.data is not None:
            lines.append(spill.encode([spill.Spilled(redacted.data, attributes)]))
    if not taken:
        return None
    return Rewritten(((name, b"".join(lines)),) if lines else (), tuple(taken))


def rewrite_quarantined(
    content: bytes, written_at: datetime, redaction: Redaction
) -> Rewritten | None:
    """Rewrite an object of quarantine; None where nobody in it is covered.

    The names derive from the bodies. Of a body of several events, those that stay keep their
    places in the request, and so their ids: it becomes several objects.
    """
    try:
        record, body = quarantine.decode(content)
    except ValueError:
        return None
    if record.attributes is None:
        return _rewrite_refused(record, body, written_at, redaction)
    found = redaction.apply_to(body, record.attributes, written_at)
    if found is None:
        return None
    redacted, attributes = found
    if redacted.data is None:
        return Rewritten((), redacted.taken)
    record = msgspec.structs.replace(record, attributes=attributes)
    return Rewritten((_object(record, redacted.data),), redacted.taken)


def _rewrite_refused(
    record: Quarantined, body: bytes, written_at: datetime, redaction: Redaction
) -> Rewritten | None:
    """Rewrite a body that the receiver refused."""
    try:
        events = split(record, body)
        kind = parse_kind(record.kind)
    except (NotJson, ValueError):
        return None
    try:
        received_at = parse_time(record.received_at)
    except ValueError:
        received_at = written_at
    own_id = quarantine.id_of_request(record, body)
    left: list[_Left] = []
    taken: list[tuple[str, str]] = []
    for position, event in events:
        is_placed = event.project and record.reason not in UNPLACED
        projects = (event.project or "",) if is_placed else redaction.projects_of(record.partner)
        of_event = kind if event.name is not None else "test"
        found = redaction.apply(event.data, of_event, projects, received_at)
        if found is None:
            left.append(_Left(own_id, position, event.data))
            continue
        taken += found.taken
        if found.data is not None:
            sender_id = found.cover.ingest_id(own_id) if found.cover else own_id
            left.append(_Left(sender_id, position, found.data))
    if not taken:
        return None
    return Rewritten(tuple(_join(record, left)), tuple(taken))


class _Left(NamedTuple):
    """An event of a refused body that stays: its request's id, its place in it, and its bytes."""

    sender_id: str
    position: int
    data: bytes


def _join(record: Quarantined, left: list[_Left]) -> Iterator[tuple[str, bytes]]:
    """Put the events of each request together."""
    requests: dict[str, list[_Left]] = {}
    for event in left:
        requests.setdefault(event.sender_id, []).append(event)
    for sender_id, events in requests.items():
        positions = [event.position for event in events]
        yield _object(
            msgspec.structs.replace(record, sender_id=sender_id, positions=positions),
            join([event.data for event in events]),
        )


def _object(record: Quarantined, body: bytes) -> tuple[str, bytes]:
    encoded = base64.b64encode(body).decode()
    return quarantine.to_object(msgspec.structs.replace(record, body=encoded), body)


def _spilled(line: bytes) -> list[spill.Spilled]:
    try:
        return list(spill.decode(line))
    except ValueError:
        return []
