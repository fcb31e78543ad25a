"""Builds the row of ``events_v1`` or ``room_events_v1`` from an event that Pub/Sub delivers."""

from collections.abc import Mapping, Sequence

import msgspec

from functions.acceptance.ingest_id import is_fresh
from functions.events.attributes import Attributes, parse_time
from functions.events.body import BadMessage, encode_json
from functions.events.catalogue import Catalogue
from functions.events.coerce import MICROSECONDS, to_microseconds
from functions.events.draft import Draft
from functions.events.layout import Layouts
from functions.events.names import event_name
from functions.events.opening import open_event
from functions.secrets.pseudonym_keys import PseudonymKeys, user_key

LONGEST_PAST = 3_650 * 86_400 * MICROSECONDS
LONGEST_AHEAD = 365 * 86_400 * MICROSECONDS
"""How far the time of receipt may be from now, in microseconds. BigQuery accepts streamed rows only
for partitions from 10 years in the past to one year in the future."""

Row = dict[str, object]
"""A row: values by column name, in the form that `functions.load.protobuf.RowEncoder.encode`
takes."""


class Identity(msgspec.Struct, frozen=True, gc=False):
    """The identity of the person whom an event is about, for ``identities_v1``.

    Attributes:
        partner: the name of the partner.
        project: the project in which the user key is valid.
        user_key: the person's pseudonym.
        key_version: the version of the pseudonym key that was used for the user key.
        user_id: the user id as sent, as text.
        nickname: the nickname as sent; None if the event has none.
        received_at: when the event was received, in microseconds since 1970.
    """

    partner: str
    project: str
    user_key: str
    key_version: int
    user_id: str
    nickname: str | None
    received_at: int


class Loaded(msgspec.Struct, frozen=True):
    """The row of an event, and the person whom the event is about.

    Attributes:
        row: the row to store in ``events_v1``, or in ``room_events_v1`` if its kind is `room`.
        received_at: when the event was received, in microseconds since 1970.
        person: the person's identity; None if the event has no user id or no project.
        flags: the values of the column ``flags``.
    """

    row: Row
    received_at: int
    person: Identity | None
    flags: Sequence[str] = ()


def without_extra(row: Row, flags: Sequence[str]) -> Row:
    """Remove ``extra`` from a row that is too large, and add the flag ``too_large:extra``.

    A row can be too large only if the operator has raised the limits of an event and of a request.

    Args:
        row: a row that is too large to be stored.
        flags: the flags that the row has.
    """
    left = {column: value for column, value in row.items() if column != "extra"}
    return left | {"flags": [*flags, "too_large:extra"]}


class RowBuilder:
    """Builds rows without side effects: the same arguments give the same row.

    Args:
        catalogue: the catalogue of events.
        keys: the cell's pseudonym keys. For each event, the time at which it was received selects
            one of them.
    """

    def __init__(self, catalogue: Catalogue, keys: PseudonymKeys) -> None:
        self._layouts = Layouts(catalogue)
        self._keys = keys
        [speakers] = catalogue.room_columns["speakers"]
        self._most_speakers = speakers.most

    def build(
        self, data: bytes, attributes: Mapping[str, str], *, delivery_id: str, stored_at: int
    ) -> Loaded:
        """Build the row of one event.

        Args:
            data: the event's bytes as sent.
            attributes: the attributes of the Pub/Sub message.
            delivery_id: the id of this row, which distinguishes it from copies of the same event.
            stored_at: the current time, in microseconds since 1970.

        Raises:
            BadMessage: no row can be built from the message; a retry would also fail.
        """
        try:
            known = Attributes.from_mapping(attributes)
        except ValueError:
            raise BadMessage("bad_attributes") from None
        received = parse_time(known.received_at)
        received_at = to_microseconds(received)
        if not stored_at - LONGEST_PAST <= received_at <= stored_at + LONGEST_AHEAD:
            raise BadMessage("time_out_of_range")
        envelope, layout, _ = open_event(data, known.kind, self._layouts)
        draft = Draft(received_at, known.project)
        draft.fill(envelope.value, layout, envelope.beside)
        if envelope.event is None and known.kind != "test":
            draft.note_unnamed()
        row: Row = {
            "ingest_id": known.ingest_id,
            "delivery_id": delivery_id,
            "received_at": received_at,
            "stored_at": stored_at,
            "kind": known.kind,
            "partner": known.partner,
            "project": known.project,
            "event": None if envelope.event is None else event_name(known.kind, envelope.event),
            "catalogued": layout.name is not None,
            **draft.columns,
            "flags": draft.flags,
        }
        if not is_fresh(known.ingest_id):
            row["retry_key"] = known.ingest_id
        key_version = self._keys.version_at(received)
        if draft.speakers is not None and known.project is not None:
            key = self._keys.by_version[key_version]
            self._add_speakers(draft, draft.speakers, key, known.project)
        if draft.record:
            row[layout.record] = draft.record
        if draft.extra:
            row["extra"] = encode_json(draft.extra)
        person = self._person(draft, known, received_at, key_version)
        if person is not None:
            row["user_key"] = person.user_key
        return Loaded(row, received_at, person, draft.flags)

    def identity(self, person: Identity) -> Row:
        """Build the row of ``identities_v1``, which connects a user key with a user id."""
        return {
            "partner": person.partner,
            "project": person.project,
            "user_key": person.user_key,
            "key_version": person.key_version,
            "user_id": person.user_id,
            "nickname": person.nickname,
            "first_seen": person.received_at,
            "last_seen": person.received_at,
        }

    def _add_speakers(self, draft: Draft, user_ids: list[str], key: bytes, project: str) -> None:
        """Store the first speakers in the sender's order, and the number of all."""
        different = list(dict.fromkeys(user_ids))
        stored = different[: self._most_speakers]
        if len(stored) < len(different):
            draft.note_too_many("speakers")
        draft.record["speakers"] = [user_key(key, project, one) for one in stored]
        draft.record["speaker_count"] = len(different)

    def _person(
        self, draft: Draft, known: Attributes, received_at: int, key_version: int
    ) -> Identity | None:
        if draft.user_id is None or known.project is None:
            return None
        return Identity(
            partner=known.partner,
            project=known.project,
            user_key=user_key(self._keys.by_version[key_version], known.project, draft.user_id),
            key_version=key_version,
            user_id=draft.user_id,
            nickname=draft.nickname,
            received_at=received_at,
        )
