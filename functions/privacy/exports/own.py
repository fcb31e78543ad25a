"""Selects one person's data from a row or a message, without data of others (Art. 15(4) GDPR)."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from functions.events.attributes import Kind
from functions.events.layout import Layouts
from functions.events.person import keep_one, mentioned

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
"""If a person is a speaker in another user's room event, only these columns are exported."""

Record = dict[str, Any]


def own_row(row: Mapping[str, Any], user_keys: Collection[str]) -> Record:
    """Return the part of an event's row that is one person's data, without empty values.

    Args:
        row: the values of the row, by column. The person is the user or a speaker of the event.
        user_keys: the person's user keys.
    """
    if row.get("user_key") in user_keys:
        own = dict(row)
    else:
        own = {name: row[name] for name in OF_A_ROOM if name in row}
    room = own.get("room")
    if room:
        speakers = [speaker for speaker in room.get("speakers") or () if speaker in user_keys]
        own["room"] = {**room, "speakers": speakers}
    record: Record = _without_empty(own)
    return record


def own_message(data: bytes, kind: Kind, ids: Collection[str], layouts: Layouts) -> Record | None:
    """Return one person's data in an event, as the sender wrote it; None if there is none.

    If the event only names the person as a speaker, the result says that, and has no other data of
    the event.

    Args:
        data: the event as the sender wrote it.
        kind: the kind of the event.
        ids: the person's ids.
        layouts: the layouts of the events in the catalogue.

    Raises:
        BadMessage: the event cannot be parsed.
    """
    people = mentioned(data, kind, layouts)
    if people.user_id in ids:
        own = keep_one(data, kind, layouts, ids=ids)
        return {"as_sent": msgspec.json.decode(own)}
    if any(speaker in ids for speaker in people.speakers):
        return {"you_may_speak_in_a_room": True}
    return None


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        members = {name: _without_empty(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, [], {})}
    return value
