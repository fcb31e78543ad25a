"""Writes the lists of acts in the statement that refreshes ``active_days_v1``.

An act is something that a person did on a day, such as sending a message. The catalogue says which
acts an event counts as. Each act has a column in the table. The lists are generated parts of the
statement (`generate.parts`).
"""

import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from functions.events.catalogue import Act, Catalogue
from functions.warehouse.schema import list_tables
from generate.parts import fill
from generate.refresh import insert

PATH = "sql/operate/refresh_active_days.sql"
TABLE = "active_days_v1"


def render(catalogue: Catalogue, root: Path) -> dict[str, str]:
    """Return the content of the statement, by path; empty if the file does not exist.

    Raises:
        ValueError: an act has no event, or the statement lacks a part.
    """
    file = root / PATH
    if not file.is_file():
        return {}
    [table] = [table for table in list_tables(root / "sql") if table.name == TABLE]
    acts = {f"has_{act}": _events(catalogue, act) for act in get_args(Act)}
    parts = {
        "acts": "".join(_act(column, events) for column, events in acts.items()),
        "of a room": _either(6, acts),
        "of a day": _either(4, acts),
        "insert": insert([column.name for column in table.schema]),
    }
    return {PATH: fill(PATH, file.read_text("utf-8"), parts)}


def _events(catalogue: Catalogue, act: Act) -> list[str]:
    events = [event.name for event in catalogue.events if act in event.acts]
    if not events:
        raise ValueError(f"no event of the catalogue has the act {act!r}")
    return events


def _act(column: str, events: list[str]) -> str:
    """Return the line that computes the column of an act.

    An event without a name makes the comparison NULL, so ``COALESCE`` turns NULL into FALSE.
    """
    indent = " " * 6
    if len(events) == 1:
        return f"{indent}COALESCE(events.event = '{events[0]}', FALSE) AS {column},\n"
    names = textwrap.fill(
        ", ".join(f"'{name}'" for name in events),
        100,
        initial_indent=indent + " " * 4,
        subsequent_indent=indent + " " * 4,
    )
    return (
        f"{indent}COALESCE(\n{indent}  events.event IN (\n{names}\n{indent}  ),\n"
        f"{indent}  FALSE\n{indent}) AS {column},\n"
    )


def _either(indent: int, columns: Iterable[str]) -> str:
    return "".join(f"{' ' * indent}LOGICAL_OR({column}) AS {column},\n" for column in columns)
