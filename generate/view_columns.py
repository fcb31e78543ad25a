"""The columns of ``events``, ``room_events`` and each event's view, with what they mean.

A view's columns are in a JSON file beside its query, in the form of BigQuery's API. Terraform sets
the descriptions, and tests compare the names and types with the result of the query. The files of
all other views are written by hand.
"""

import json
from collections.abc import Iterable

from functions.events.catalogue import Catalogue, Event
from generate.schema import Column, columns, typed
from generate.views import COMMON_COLUMNS, FOLDER

EVENTS_PATH = "sql/bi/events.json"
ROOM_EVENTS_PATH = "sql/bi/room_events.json"

EVENTS_COLUMNS = (
    "ingest_id",
    "received_at",
    "occurred_at",
    "kind",
    "partner",
    "project",
    "event",
    "catalogued",
    "room_id",
    "user_key",
    "platform",
    "source",
    "screen_size",
    "browser",
    "os",
    "device_type",
    "properties",
    "room",
    "flags",
    "stored_at",
)
"""Those of the tables of events that analysts see, in the order of the view ``events``."""


def render(catalogue: Catalogue) -> dict[str, str]:
    """Return path -> content of the files."""
    stored = {column["name"]: _shown(column) for column in columns(catalogue)}
    events = _lines(stored[name] for name in EVENTS_COLUMNS)
    files = {EVENTS_PATH: events, ROOM_EVENTS_PATH: events}
    for event in catalogue.events:
        common = [stored[name] for name in COMMON_COLUMNS]
        files[f"{FOLDER}/{event.view}.json"] = _lines([*common, *_own(event)])
    return files


def _own(event: Event) -> Iterable[Column]:
    return (typed(prop.column, (prop,)) for prop in event.properties if prop.column)


def _shown(column: Column) -> Column:
    """Return a table's column as a view has it: no view promises that a value is there."""
    shown = column.copy()
    if shown["mode"] == "REQUIRED":
        shown["mode"] = "NULLABLE"
    return shown


def _lines(shown: Iterable[Column]) -> str:
    """Write a JSON array with a column a line."""
    return (
        "[\n"
        + ",\n".join(f"  {json.dumps(column, ensure_ascii=False)}" for column in shown)
        + "\n]\n"
    )
