"""Bodies that the receiver refused, without the people who are covered and what is unreadable."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from functions import quarantine
from functions.acceptance.body import ReceivedEvent
from functions.acceptance.refused import join
from functions.events.body import BadMessage
from functions.events.envelope import Kind
from functions.privacy.redaction import SET_ASIDE, Redaction, Rewritten
from functions.quarantine import Quarantined

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


def rewrite_refused(refused: Refused, redaction: Redaction, *, stays: bool) -> Rewritten | None:
    """Rewrite a refused body; None where it stays as it is.

    Of several events, those that stay keep their places in the request, and so their ids. Those
    that get another id, or that nobody can read, become objects of their own.

    Args:
        refused: the body.
        redaction: takes people out.
        stays: whether events that nobody can read stay, because they are where such are kept.
    """
    left: dict[str, list[_Left]] = defaultdict(list)
    taken: list[tuple[str, str]] = []
    reason = refused.record.reason
    for position, event in refused.events:
        of_event = refused.kind if event.name is not None else "test"
        projects = _projects(event, refused.record, redaction)
        try:
            found = redaction.apply(event.data, of_event, projects, refused.received_at)
        except BadMessage as bad:
            place = reason if stays else bad.reason
            left[place].append(_Left(refused.own_id, position, event.data))
            taken += () if stays else SET_ASIDE
            continue
        if found is None:
            left[reason].append(_Left(refused.own_id, position, event.data))
            continue
        taken += found.taken
        if found.data is not None:
            sender_id = found.cover.ingest_id(refused.own_id) if found.cover else refused.own_id
            left[reason].append(_Left(sender_id, position, found.data))
    return Rewritten(tuple(_objects(refused.record, left)), tuple(taken)) if taken else None


def _projects(event: ReceivedEvent, record: Quarantined, redaction: Redaction) -> tuple[str, ...]:
    if event.project and record.reason not in UNPLACED:
        return (event.project,)
    return redaction.projects_of(record.partner)


class _Left(NamedTuple):
    """An event of a refused body that stays: its request's id, its place in it, and its bytes."""

    sender_id: str
    position: int
    data: bytes


def _objects(record: Quarantined, left: Mapping[str, list["_Left"]]) -> Iterator[tuple[str, bytes]]:
    for reason, events in left.items():
        yield from _join(msgspec.structs.replace(record, reason=reason), events)


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
