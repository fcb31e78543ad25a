"""Removes erased people from single events, quarantined bodies, and objects with events.

Unreadable data cannot be searched for people. So it is replaced by objects in special folders of
quarantine, from which the bucket's lifecycle rules delete it after a week. If an object also has
readable data, that data stays in place.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec

from functions.acceptance.values import NotJson
from functions.events.attributes import Kind, parse_kind, parse_time
from functions.events.body import BadMessage
from functions.events.layout import Layouts
from functions.events.person import mentioned, take_out
from functions.privacy.erasures.scope import Scope, Scopes
from functions.retained import quarantine, spill
from functions.retained.bodies import QuarantinedEvent, join, split
from functions.retained.quarantine import MALFORMED, Quarantined
from functions.secrets.pseudonym_keys import PseudonymKeys

NOBODY = ""
"""Takes the place of the erasure id if unreadable data is moved, because no erasure causes this."""

Taken = tuple[tuple[str, str], ...]
"""What was changed, for receipts: pairs of an erasure id and one of ``anonymised``, ``deleted`` and
``speakers_removed``. If unreadable data was moved, the pair is `NOBODY` and ``unreadable``."""

QUARANTINED_AS_UNREADABLE: Taken = ((NOBODY, "unreadable"),)


class Redacted(NamedTuple):
    """An event from which people in scope are removed.

    Attributes:
        data: the event without these people; None if the whole event must be deleted.
        scope: the scope that the event's user is in; None if only speakers are in scope.
        taken: what was changed in the event.
    """

    data: bytes | None
    scope: Scope | None
    taken: Taken


class Rewritten(NamedTuple):
    """What replaces an object from which erased people are removed.

    Attributes:
        objects: the names and contents of the new objects, in the order in which to write them;
            empty if the old object is only deleted.
        taken: what was changed in the events of the old object.
    """

    objects: tuple[tuple[str, bytes], ...]
    taken: Taken


@dataclass(frozen=True, slots=True)
class Redaction:
    """Removes erased people from events.

    Args:
        scopes: the scopes of the erasures.
        keys: the cell's pseudonym keys.
        layouts: the layouts of the events in the catalogue.
    """

    scopes: Scopes
    keys: PseudonymKeys
    layouts: Layouts

    def apply(
        self, data: bytes, kind: Kind, projects: tuple[str, ...], received_at: datetime
    ) -> Redacted | None:
        """Remove people in scope from an event; return None if it mentions no person in scope.

        Args:
            data: the event's bytes.
            kind: the event's kind.
            projects: the projects that the event may belong to.
            received_at: when the event was received (timezone-aware).

        Raises:
            BadMessage: the event is unreadable.
        """
        people = mentioned(data, kind, self.layouts)
        scope = self._scope(people.user_id, projects, received_at)
        if scope is not None and scope.deletes:
            return Redacted(None, scope, ((scope.erasure_id, "deleted"),))
        speakers = {
            speaker: of_speaker.erasure_id
            for speaker in people.speakers
            if (of_speaker := self._scope(speaker, projects, received_at))
        }
        if scope is None and not speakers:
            return None
        left = take_out(data, kind, self.layouts, user=scope is not None, speakers=speakers.keys())
        taken = [(scope.erasure_id, "anonymised")] if scope else []
        taken += [(erasure_id, "speakers_removed") for erasure_id in speakers.values()]
        return Redacted(left, scope, tuple(taken))

    def apply_to(
        self, data: bytes, attributes: Mapping[str, str], known_at: datetime
    ) -> tuple[Redacted, dict[str, str]] | None:
        """Remove people in scope from the event in a message.

        Args:
            data: the event's bytes.
            attributes: the message's attributes. Without a valid kind, the event is assumed to be
                a chat event. Without a project, the event may belong to any project of the partner.
            known_at: the time (timezone-aware) to use if ``received_at`` is missing or invalid.

        Returns:
            The result, and the message's new attributes; None if the event mentions no person in
            scope.

        Raises:
            BadMessage: the event is unreadable, or its attributes name neither project nor partner
                (``malformed``).
        """
        kind: Kind = "chat"
        received_at = known_at
        with suppress(ValueError):
            kind = parse_kind(attributes.get("kind", ""))
        with suppress(ValueError):
            received_at = parse_time(attributes.get("received_at", ""))
        project, partner = attributes.get("project"), attributes.get("partner")
        if not project and not partner:
            raise BadMessage(MALFORMED)
        projects = (project,) if project else self.projects_of(partner or "")
        redacted = self.apply(data, kind, projects, received_at)
        if redacted is None:
            return None
        if redacted.scope is None:
            return redacted, dict(attributes)
        own_id = redacted.scope.ingest_id(attributes.get("ingest_id", ""))
        return redacted, {**attributes, "ingest_id": own_id}

    def projects_of(self, partner: str) -> tuple[str, ...]:
        """Return the projects of a partner for which there are scopes, in alphabetical order.

        If an event of the partner names no project, it may belong to any of them.
        """
        return tuple(sorted(self.scopes.projects_of(partner)))

    def _scope(
        self, user_id: str | None, projects: tuple[str, ...], received_at: datetime
    ) -> Scope | None:
        if user_id is None:
            return None
        for project in projects:
            for key in self.keys.all_user_keys(project, user_id):
                if scope := self.scopes.find(project, key, received_at):
                    return scope
        return None


UNPLACED = frozenset({"project_missing", "project_unknown"})
"""Bodies that were quarantined for these reasons may belong to any project of their partner."""


class QuarantinedBody(NamedTuple):
    """The body of a request that was quarantined.

    Attributes:
        record: what quarantine stores about the body.
        events: the events in the body.
        kind: the kind of all events except test deliveries, which have the kind ``test``.
        received_at: when the request was received (timezone-aware).
    """

    record: Quarantined
    events: Sequence[QuarantinedEvent]
    kind: Kind
    received_at: datetime


def rewrite_quarantined_body(
    quarantined: QuarantinedBody, redaction: Redaction
) -> Rewritten | None:
    """Remove erased people from a quarantined body; return None if it does not change.

    An anonymised event gets the same new ingest id as its copies in the tables. All other events
    keep their ids.

    Args:
        quarantined: the body to rewrite.
        redaction: removes people from events.

    Raises:
        BadMessage: the body is unreadable.
    """
    left: list[_Left] = []
    taken: list[tuple[str, str]] = []
    for position, own_id, event in quarantined.events:
        of_event: Kind = "test" if event.is_test else quarantined.kind
        projects = _projects(event.project, quarantined.record, redaction)
        redacted = redaction.apply(event.data, of_event, projects, quarantined.received_at)
        if redacted is None:
            left.append(_Left(position, own_id, event.data))
            continue
        taken += redacted.taken
        if redacted.data is not None:
            new_id = redacted.scope.ingest_id(own_id) if redacted.scope else own_id
            left.append(_Left(position, new_id, redacted.data))
    if not taken:
        return None
    return Rewritten((_renewed(quarantined.record, left),) if left else (), tuple(taken))


def _projects(project: str | None, record: Quarantined, redaction: Redaction) -> tuple[str, ...]:
    if project and record.reason not in UNPLACED:
        return (project,)
    return redaction.projects_of(record.partner)


class _Left(NamedTuple):
    """An event that is not deleted: its position in the request, its ingest id and its bytes."""

    position: int
    ingest_id: str
    data: bytes


def _renewed(record: Quarantined, left: Sequence[_Left]) -> tuple[str, bytes]:
    """Return the name and content of the new object, which has the events that are left."""
    ids = {event.position: event.ingest_id for event in left}
    return quarantine.renewed(
        msgspec.structs.replace(record, sender_id="", ingest_ids=ids),
        join([event.data for event in left]),
    )


PREFIXES = (spill.PREFIX, quarantine.PREFIX, quarantine.ON_HOLD)
"""The prefixes of objects with events in the bucket: spill, quarantine, and events on hold."""


def rewrite_spilled(
    name: str, content: bytes, written_at: datetime, redaction: Redaction
) -> Rewritten | None:
    """Remove erased people from an object of the spill; return None if it does not change.

    The object keeps its name. Unreadable events are moved to quarantine.
    """
    lines: list[bytes] = []
    damaged: list[bytes] = []
    apart: list[tuple[str, bytes]] = []
    taken: list[tuple[str, str]] = []
    for line in filter(bytes.strip, content.splitlines(keepends=True)):
        try:
            [event] = spill.decode(line)
        except ValueError:
            damaged.append(line)
            continue
        try:
            result = redaction.apply_to(event.data, event.attributes, written_at)
        except BadMessage as bad:
            apart.append(
                quarantine.of_message(
                    bad.reason, event.data, event.attributes, known_at=written_at, source=name
                )
            )
            taken += QUARANTINED_AS_UNREADABLE
            continue
        if result is None:
            lines.append(line.rstrip(b"\r\n") + b"\n")
            continue
        redacted, attributes = result
        taken += redacted.taken
        if redacted.data is not None:
            lines.append(spill.encode([spill.Spilled(redacted.data, attributes)]))
    if damaged:
        apart.append(_malformed(b"".join(damaged), written_at, name))
        taken += QUARANTINED_AS_UNREADABLE * len(damaged)
    if not taken:
        return None
    left = ((name, b"".join(lines)),) if lines else ()
    return Rewritten((*apart, *left), tuple(taken))


def rewrite_quarantined(
    name: str, content: bytes, written_at: datetime, redaction: Redaction
) -> Rewritten | None:
    """Remove erased people from an object of quarantine; return None if it does not change.

    An object with a changed body gets a new name, because names are derived from bodies. An
    unreadable object is moved to a folder for unreadable data.
    """
    try:
        record, body = quarantine.decode(content)
    except ValueError:
        return _move_to_unreadable(name, _malformed(content, written_at, name))
    try:
        if record.attributes is None:
            quarantined = _read_body(record, body, written_at)
            return rewrite_quarantined_body(quarantined, redaction)
        result = redaction.apply_to(body, record.attributes, written_at)
    except BadMessage as bad:
        moved = msgspec.structs.replace(record, reason=bad.reason)
        return _move_to_unreadable(name, quarantine.to_object(moved, body))
    if result is None:
        return None
    redacted, attributes = result
    if redacted.data is None:
        return Rewritten((), redacted.taken)
    record = msgspec.structs.replace(record, attributes=attributes)
    return Rewritten((quarantine.renewed(record, redacted.data),), redacted.taken)


def _read_body(record: Quarantined, body: bytes, written_at: datetime) -> QuarantinedBody:
    try:
        kind = parse_kind(record.kind)
    except ValueError:
        raise BadMessage(MALFORMED) from None
    try:
        events = split(record, body)
    except NotJson:
        raise BadMessage("not_json") from None
    try:
        received_at = parse_time(record.received_at)
    except ValueError:
        received_at = written_at
    return QuarantinedBody(record, events, kind, received_at)


def _malformed(content: bytes, written_at: datetime, source: str) -> tuple[str, bytes]:
    return quarantine.of_message(MALFORMED, content, {}, known_at=written_at, source=source)


def _move_to_unreadable(name: str, unreadable: tuple[str, bytes]) -> Rewritten | None:
    """Return what replaces an unreadable object; None if it is in a folder for unreadable data."""
    return (
        None
        if quarantine.is_unreadable(name)
        else Rewritten((unreadable,), QUARANTINED_AS_UNREADABLE)
    )
