"""Bodies that the receiver refused, without the people who are covered."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from functions.acceptance.body import ReceivedEvent
from functions.events.attributes import Kind
from functions.privacy.erasures.redaction import Redaction, Rewritten
from functions.retained import quarantine
from functions.retained.bodies import join
from functions.retained.quarantine import Quarantined

UNPLACED = frozenset({"project_missing", "project_unknown"})
"""Reasons of bodies of which it is not known which of the partner's projects they are of."""


class Refused(NamedTuple):
    """A refused body.

    Attributes:
        record: of quarantine.
        own_id: what the ids of its events derive from.
        events: of the body, each with its place in the request.
        kind: the webhook that it came by.
        received_at: when, with an offset.
    """

    record: Quarantined
    own_id: str
    events: Sequence[tuple[int, ReceivedEvent]]
    kind: Kind
    received_at: datetime


def rewrite_refused(refused: Refused, redaction: Redaction) -> Rewritten | None:
    """Rewrite a refused body; None where it stays as it is.

    Of several events, those that stay keep their places in the request, and so their ids. Those
    that get another id become objects of their own.

    Args:
        refused: the body.
        redaction: takes people out.

    Raises:
        BadMessage: nobody can read the body.
    """
    left: list[_Left] = []
    taken: list[tuple[str, str]] = []
    for position, event in refused.events:
        of_event: Kind = "test" if event.is_test else refused.kind
        projects = _projects(event, refused.record, redaction)
        found = redaction.apply(event.data, of_event, projects, refused.received_at)
        if found is None:
            left.append(_Left(refused.own_id, position, event.data))
            continue
        taken += found.taken
        if found.data is not None:
            sender_id = found.cover.ingest_id(refused.own_id) if found.cover else refused.own_id
            left.append(_Left(sender_id, position, found.data))
    return Rewritten(tuple(_join(refused.record, left)), tuple(taken)) if taken else None


def _projects(event: ReceivedEvent, record: Quarantined, redaction: Redaction) -> tuple[str, ...]:
    if event.project and record.reason not in UNPLACED:
        return (event.project,)
    return redaction.projects_of(record.partner)


class _Left(NamedTuple):
    """An event of a refused body that stays: its request's id, its place in it, and its bytes."""

    sender_id: str
    position: int
    data: bytes


def _join(record: Quarantined, left: list["_Left"]) -> Iterator[tuple[str, bytes]]:
    """Put the events of each request together."""
    requests: dict[str, list[_Left]] = defaultdict(list)
    for event in left:
        requests[event.sender_id].append(event)
    for sender_id, events in requests.items():
        positions = [event.position for event in events]
        yield quarantine.renewed(
            msgspec.structs.replace(record, sender_id=sender_id, positions=positions),
            join([event.data for event in events]),
        )
