"""Writes a view for each event of the catalogue; the view reads ``events`` of the BI dataset."""

import textwrap

from sqlglot import exp

from functions.events.catalogue import Catalogue, Event
from generate.parts import notice

FOLDER = "sql/bi/events"
SOURCE = "functions/events/catalogue.yaml"
COMMON_COLUMNS = (
    "ingest_id",
    "received_at",
    "occurred_at",
    "project",
    "room_id",
    "user_key",
    "platform",
    "source",
    "screen_size",
    "browser",
    "os",
    "device_type",
    "flags",
)


def render(catalogue: Catalogue) -> dict[str, str]:
    """Return the content of the views, by path.

    Raises:
        ValueError: a property has no column, or its column has the name of a common column.
    """
    return {f"{FOLDER}/{event.view}.sql": _view(event) for event in catalogue.events}


def _view(event: Event) -> str:
    header = [
        f"-- {notice(SOURCE)}",
        f"-- grain: one row per {event.name} event",
        *_comment(event.description),
    ]
    own = []
    for column in (prop.column for prop in event.properties):
        if column is None or column in COMMON_COLUMNS:
            raise ValueError(f"{event.name}: {column} cannot be a column of its view")
        name = _identifier(column)
        own.append(f"properties.{name} AS {name}")
    selected = ",\n".join(f"  {column}" for column in (*COMMON_COLUMNS, *own))
    return "\n".join(
        [
            *header,
            "SELECT",
            selected,
            "FROM `${bi}.events`",
            "WHERE",
            "  kind = 'chat'",
            f"  AND event = '{event.name}'",
            "",
        ]
    )


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 100, initial_indent="-- ", subsequent_indent="-- ")


def _identifier(name: str) -> str:
    """Return a column's name, in quotes if the name is a reserved word of GoogleSQL."""
    return exp.to_identifier(name).sql("bigquery")
