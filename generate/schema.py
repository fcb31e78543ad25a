"""Writes the schemas of ``events_v1`` and ``room_events_v1``, in the form of BigQuery's API."""

import json
from collections.abc import Mapping
from typing import NotRequired, TypedDict

from functions.events.catalogue import Catalogue, Event, Property

PATHS = {
    "sql/store/events_v1.json": "All accepted chat events and test deliveries, one row a delivery.",
    "sql/store/room_events_v1.json": "All accepted room events, one row a delivery.",
}
"""The description of each table, by the path of its file. Room events have a table of their own,
because any past day may have the event with the current state of a room. A query for this state
reads all days, so the table must be small."""

ROOMS = "sql/store/room_events_v1.json"
"""The table whose rows may have several people: the speakers of a room."""
DESCRIPTION_LIMIT = 1024
"""The maximum length of a column's description in characters, set by BigQuery."""

# BigQuery's API returns these legacy names. Terraform compares the schema with the API's answer, so
# other names would look like a change.
_TYPES = {
    "string": "STRING",
    "id": "STRING",
    "integer": "INTEGER",
    "number": "FLOAT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
}


class Column(TypedDict):
    """A column, in the form in which the file of a table has it."""

    name: str
    type: str
    mode: str
    description: str
    fields: NotRequired[list["Column"]]


def render(catalogue: Catalogue) -> dict[str, str]:
    """Return the content of the table files, by path.

    Raises:
        ValueError: a common property has no column in the table, or a description is too long.
    """
    tables = {
        path: {
            "description": description,
            "partition_by": "received_at",
            "expires": True,
            "require_partition_filter": True,
            "clustering": ["project", "event", "room_id"],
            "people": people(catalogue, has_speakers=path == ROOMS),
            "schema": columns(catalogue),
        }
        for path, description in PATHS.items()
    }
    return {
        path: json.dumps(table, indent=2, ensure_ascii=False) + "\n"
        for path, table in tables.items()
    }


def people(catalogue: Catalogue, *, has_speakers: bool) -> dict[str, str]:
    """Return the columns with data about people, each with the kind of the data.

    Args:
        catalogue: the catalogue of events.
        has_speakers: whether the table has room events, which name speakers.
    """
    common = {
        prop.column for prop in catalogue.common if prop.privacy == "personal" and prop.column
    }
    fields = {
        f"room.{prop.column}"
        for same in catalogue.room_columns.values()
        for prop in same
        if prop.privacy == "personal" and has_speakers
    }
    return dict.fromkeys(sorted(common | fields), "pseudonym") | {"extra": "unknown"}


def columns(catalogue: Catalogue) -> list[Column]:
    """Return the columns of both tables, in order.

    Raises:
        ValueError: a common property has no column in the table, or a description is too long.
    """
    common = {prop.column: prop for prop in catalogue.common if prop.column}
    room = _record(
        "room",
        "The room; only in events of the Rooms webhook.",
        catalogue.room_columns,
        catalogue.room_events,
    )
    room["fields"].append(
        _column(
            "speaker_count",
            "INTEGER",
            "NULLABLE",
            "The number of different speakers in the event's list, also of those who are not stored"
            " or were erased later. 0 if the list is empty; NULL if the event has no list that can"
            " be read.",
        )
    )
    table = [
        _column("ingest_id", "STRING", "REQUIRED", "This system's id of the event."),
        _column("delivery_id", "STRING", "REQUIRED", "The id of the row; differs between copies."),
        _column(
            "retry_key",
            "STRING",
            "NULLABLE",
            "The ingest id if the sender's retry has the same one; NULL if all copies are received"
            " at the same time.",
        ),
        _column("received_at", "TIMESTAMP", "REQUIRED", "When the event was received (UTC)."),
        _column("stored_at", "TIMESTAMP", "REQUIRED", "When the row was built (UTC)."),
        _column("kind", "STRING", "REQUIRED", "The kind of the webhook: chat, room or test."),
        _column("partner", "STRING", "REQUIRED", "The partner whose token the request had."),
        typed("project", (common.pop("project"),)),
        _column(
            "event",
            "STRING",
            "NULLABLE",
            "The event's name in the catalogue, else in snake_case; NULL without a usable name.",
        ),
        _column("catalogued", "BOOLEAN", "REQUIRED", "Whether the event is in the catalogue."),
        typed("room_id", (common.pop("room_id"),)),
        typed("user_key", (common.pop("user_key"),)),
        typed("occurred_at", (common.pop("occurred_at"),)),
        typed("platform", (common.pop("platform"),)),
        typed("source", (common.pop("source"),)),
        typed("screen_size", (common.pop("screen_size"),)),
        _column("browser", "STRING", "NULLABLE", "The browser, read from the user agent."),
        _column("os", "STRING", "NULLABLE", "The operating system, read from the user agent."),
        _column("device_type", "STRING", "NULLABLE", "The type of device, such as desktop or bot."),
        _record(
            "properties",
            "The event's own properties.",
            catalogue.property_columns,
            catalogue.events,
        ),
        room,
        _column("flags", "STRING", "REPEATED", "Codes of problems; with names, never values."),
        _column("extra", "JSON", "NULLABLE", "Properties without a column; emptied after 30 days."),
    ]
    if common:
        raise ValueError(f"events_v1 has no column for {', '.join(common)}: add it at the end")
    return table


def _column(name: str, type_: str, mode: str, description: str) -> Column:
    return {"name": name, "type": type_, "mode": mode, "description": description}


def _record(
    name: str,
    description: str,
    columns: Mapping[str, tuple[Property, ...]],
    events: tuple[Event, ...],
) -> Column:
    record = _column(name, "RECORD", "NULLABLE", description)
    record["fields"] = [typed(column, same, events) for column, same in columns.items()]
    return record


def typed(name: str, same: tuple[Property, ...], events: tuple[Event, ...] = ()) -> Column:
    """Return the column that these properties share.

    If their descriptions differ, the column's description lists each description with the names of
    its events.

    Raises:
        ValueError: the description is too long.
    """
    meanings: dict[str, list[str]] = {_meaning(prop): [] for prop in same}
    for event in events:
        for prop in event.properties:
            if prop.column == name:
                meanings[_meaning(prop)].append(event.name)
    description = " ".join(
        meaning if len(meanings) == 1 else f"{', '.join(names)}: {meaning}"
        for meaning, names in meanings.items()
    )
    if len(description) > DESCRIPTION_LIMIT:
        raise ValueError(f"{name}: its descriptions are too long for a column")
    mode = "REPEATED" if same[0].repeated else "NULLABLE"
    return _column(name, _TYPES[same[0].type], mode, description)


def _meaning(prop: Property) -> str:
    if prop.privacy == "personal":
        return f"Stored as user key, a pseudonym within the project. {prop.description}"
    return prop.description
