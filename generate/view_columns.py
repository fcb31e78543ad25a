"""Writes the files that describe the columns of ``events``, ``room_events`` and each event's view.

Beside the query of each view, a JSON file describes the view's columns in the form of BigQuery's
API. Terraform sets the descriptions, and tests compare the names and types with the result of the
query. For all other views, this file is written by hand.
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
"""The columns of the tables that analysts may see, in the order of the view ``events``."""


def render(catalogue: Catalogue) -> dict[str, str]:
    """Return the content of the files, by path."""
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
    """Return a table's column in the form that a view has: a column of a view is never REQUIRED."""
    shown = column.copy()
    if shown["mode"] == "REQUIRED":
        shown["mode"] = "NULLABLE"
    return shown


def _lines(shown: Iterable[Column]) -> str:
    """Return a JSON array with one column on each line."""
    return (
        "[\n"
        + ",\n".join(f"  {json.dumps(column, ensure_ascii=False)}" for column in shown)
        + "\n]\n"
    )
