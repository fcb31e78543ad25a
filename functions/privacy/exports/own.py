"""What of a row or a message is one person's: data of others are left out (Art. 15(4) GDPR)."""

from collections.abc import Collection, Mapping
from typing import Any

from functions.events.body import decode_json
from functions.events.envelope import Kind, open_envelope
from functions.events.layout import Layouts
from functions.events.person import people

OF_A_ROOM = (
    "ingest_id",
    "delivery_id",
    "received_at",
    "stored_at",
    "kind",
    "partner",
    "project",
    "event",
    "catalogued",
    "room_id",
    "occurred_at",
    "room",
)
"""What remains of an event in which the person only is among the speakers of the room."""

Record = dict[str, Any]


def own_row(row: Mapping[str, Any], user_keys: Collection[str]) -> Record:
    """Return what of a row of ``events_v1`` is the person's, without what is empty.

    Args:
        row: its columns.
        user_keys: of the person.
    """
    if row.get("user_key") in user_keys:
        own = dict(row)
    else:
        own = {name: row[name] for name in OF_A_ROOM if name in row}
    room = own.get("room")
    if room:
        speakers = [each for each in room.get("speakers") or () if each in user_keys]
        own["room"] = {**room, "speakers": speakers}
    found: Record = _without_empty(own)
    return found


def own_message(data: bytes, kind: Kind, ids: Collection[str], layouts: Layouts) -> Record | None:
    """Return what of a message is the person's, in the sender's own words; None for nothing.

    Args:
        data: the event as sent.
        kind: the webhook that it came by.
        ids: of the person.
        layouts: of the catalogue's events.

    Raises:
        BadMessage: nobody can read it.
    """
    envelope = open_envelope(decode_json(data))
    layout = layouts.find(kind, envelope.event)
    named = people(envelope, layout)
    if named.user_id in ids:
        told = {
            name: value
            for name, value in envelope.properties.items()
            if (place := layout.find(name)) is None or place.target != "speakers"
        }
        return {"event": envelope.event, "value": told}
    if any(each in ids for each in named.speakers):
        return {"event": envelope.event, "you_may_speak_in_the_room": True}
    return None


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        members = {name: _without_empty(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, [], {})}
    return value
