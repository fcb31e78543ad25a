"""Writes the data dictionary, which describes all views and tables for analysts."""

import json
import math
from collections.abc import Iterable, Mapping
from itertools import groupby, takewhile
from pathlib import Path

from functions.events.catalogue import Catalogue, Event, Property
from generate import findings
from generate.markdown import table
from generate.parts import notice
from generate.schema import Column
from generate.views import COMMON_COLUMNS

PATH = "docs/data-dictionary.md"

_INTRODUCTION = f"""\
<!-- {notice("functions/events/catalogue.yaml, sql/store and sql/bi")} -->
# Data dictionary

Query the views of the BI dataset. The view `events` has all events. Each view `event_<name>` has
the events of one name, with their properties as columns. All these views show each event once.
Every `event_<name>` has the columns {", ".join(f"`{column}`" for column in COMMON_COLUMNS)}.

- Times are in UTC. Use `received_at` for metrics, and filter on it to limit the days that a query
  reads.
- People appear only as `user_key`, which is a pseudonym. It stays the same within a project.
- NULL means that the value is not known. A text is never empty.
- A property that is not in the catalogue is not in any view.
- `event` has the name as the catalogue spells it. A name that is not in the catalogue is in
  snake_case. If an event has no usable name, `event` is NULL.
- In the store's column `extra`, 64-bit integers are JSON numbers and all other numbers are texts;
  `JSON_VALUE` reads both.
- Names are compared in snake_case: `Duration`, `duration` and `DURATION` are one property.

Each property has a class. **Analytical** values are stored as sent. **Personal** values never
reach a view, except as user keys. Of **reduced** values, only a coarser value is stored.

## Flags

The column `flags` says what did not fit the catalogue, and what was guessed. A flag is a code, a
colon and the name of a property, such as `rounded:duration`. Values of personal and reduced
properties are never in `extra`.
"""


def render(
    catalogue: Catalogue,
    tables: Mapping[str, str],
    metrics: Mapping[str, str],
    columns: Mapping[str, str],
) -> dict[str, str]:
    """Return the content of the dictionary, by path.

    Args:
        catalogue: the catalogue of events.
        tables: the content of each table's file in ``sql/store``, by path.
        metrics: the query of each view directly in ``sql/bi``, by the name of the view.
        columns: the JSON that describes the columns of these views, by the name of the view.
    """
    parts = [_INTRODUCTION, findings.flags(catalogue), "## Views\n"]
    parts.append(
        table(("view", "one row", "purpose"), (_metric(*metric) for metric in metrics.items()))
    )
    parts.extend(_view(name, columns[name]) for name in metrics if name in columns)
    parts += ["## Properties of every event\n", _properties(catalogue, catalogue.common)]
    for section, events in groupby(catalogue.events, key=lambda event: event.section):
        parts.append(f"## {section}\n")
        parts.extend(_event(catalogue, event) for event in events)
    parts.append("## Rooms\n")
    parts.append(
        "Events of the Rooms webhook are in `events` with `kind = 'room'`, and have these fields "
        "in the `room` record.\n"
    )
    parts.append(_properties(catalogue, catalogue.fallback("room").properties))
    header = ("event", "aliases", "description")
    parts.append(table(header, map(_room, catalogue.room_events)))
    parts.append("## Tables\n")
    parts.append("The tables are for the functions; people use the views above.\n")
    parts.extend(_store(path, tables[path]) for path in sorted(tables))
    return {PATH: "\n".join(parts)}


def _event(catalogue: Catalogue, event: Event) -> str:
    mandatory = " The basic metrics need this event." if event.mandatory else ""
    text = f"### `{event.name}`\n\nView `{event.view}`. {event.description}{mandatory}\n"
    return text + ("\n" + _properties(catalogue, event.properties) if event.properties else "")


def _metric(name: str, query: str) -> tuple[str, ...]:
    """Return a view's name, its grain and its purpose, from the first paragraph of its comment."""
    comment = [line[2:].strip() for line in query.splitlines() if line.startswith("--")]
    header = comment or [""]
    grain = header[0].removeprefix("grain: one row ")
    purpose = " ".join(takewhile(bool, header[1:]))
    return f"`{name}`", grain, purpose


def _view(name: str, content: str) -> str:
    columns = ((column, kind, text) for column, kind, _, text in _columns(json.loads(content), ""))
    return f"### `{name}`\n\n" + table(("column", "type", "description"), columns)


def _room(event: Event) -> tuple[str, ...]:
    return f"`{event.name}`", _codes(event.aliases), event.description


def _properties(catalogue: Catalogue, properties: Iterable[Property]) -> str:
    header = ("property", "type", "allowed values", "aliases", "class", "description")
    return table(header, (_property(catalogue, prop) for prop in properties))


def _property(catalogue: Catalogue, prop: Property) -> tuple[str, ...]:
    stored = f" (column `{prop.column}`)" if prop.column not in {None, prop.sent_as} else ""
    kind = f"{prop.type}, repeated" if prop.repeated else prop.type
    return (
        f"`{prop.sent_as}`{stored}",
        f"{kind}, in {prop.unit}" if prop.unit else kind,
        _allowed(catalogue, prop),
        _codes(prop.aliases) + (f", `{prop.name}_1` and so on" if prop.numbered else ""),
        prop.privacy,
        prop.description,
    )


def _allowed(catalogue: Catalogue, prop: Property) -> str:
    if prop.values:
        return _codes(prop.values)
    limits = catalogue.limits(prop)
    such = f"such as {_codes(prop.examples)}"
    if limits is not None:
        most = "" if limits.most == math.inf else f" to {limits.most:g}"
        return f"{limits.least:g}{most or ' or more'}, {such}"
    if prop.placeholders:
        return f"any but [placeholders](webhook-contract.md#words-that-are-no-id), {such}"
    return f"any, {such}"


def _store(path: str, content: str) -> str:
    described = json.loads(content)
    header = ("column", "type", "mode", "description")
    return "\n".join(
        [
            f"### `{Path(path).stem}`\n",
            f"{described['description']}\n",
            table(header, _columns(described["schema"], "")),
        ]
    )


def _columns(schema: Iterable[Column], prefix: str) -> Iterable[tuple[str, ...]]:
    for column in schema:
        name = prefix + column["name"]
        yield f"`{name}`", column["type"], column["mode"], column.get("description", "")
        yield from _columns(column.get("fields", []), f"{name}.")


def _codes(values: Iterable[object]) -> str:
    return ", ".join(f"`{_text(value)}`" for value in values)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
