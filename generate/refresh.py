"""The lists of columns in the statements that refresh rollups.

A rollup's columns are declared once, in ``sql/store/<table>.json``. The statement that refreshes it
needs them up to four times, and the dashboard's query once more; those lists are generated parts of
the statements (see `generate.parts`).
"""

import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from functions.warehouse.schema import Column, TableSchema, list_tables
from generate.parts import fill

DASHBOARD = "sql/dashboard/daily.sql"


class Rollup(NamedTuple):
    """How a statement brings a table up to date.

    Attributes:
        statement: name of the file in ``sql/operate``.
        table: name of the file in ``sql/store``.
        keys: the columns that identify a row; ``partner`` belongs to ``project``.
        people: the columns that count people. They never fall after an erasure.
        views: the views that count, by their alias in the statement, in the order in which a
            column is looked for. Empty if the statement counts for itself.
        stays: whether rows of days before ``thawed`` stay as they are.
    """

    statement: str
    table: str
    keys: tuple[str, ...]
    people: frozenset[str]
    views: dict[str, str]
    stays: bool = False


ROLLUPS = (
    Rollup(
        "refresh_daily",
        "daily_v1",
        ("project", "day"),
        frozenset({"active_users", "senders", "started", "opened", "accepted", "sent_message"}),
        {"activity": "daily_activity", "funnel": "entry_funnel"},
    ),
    Rollup(
        "refresh_rooms",
        "rooms_daily_v1",
        ("project", "day", "room_id"),
        frozenset({"active_users", "senders"}),
        {"activity": "rooms_activity", "rooms": "rooms"},
    ),
    Rollup(
        "refresh_active_users",
        "active_users_v1",
        ("project", "day"),
        frozenset(
            {
                *("dau", "wau", "mau", "calendar_week", "calendar_month"),
                *("active_90_days", "senders_90_days", "active_6_months", "senders_6_months"),
            }
        ),
        {},
        stays=True,
    ),
)
"""``refresh_cohorts`` has one number and needs no lists."""


def render(root: Path) -> dict[str, str]:
    """Return path -> content of the statements; nothing for a file that does not exist.

    Raises:
        ValueError: no view of a rollup has one of its columns.
    """
    tables = {table.name: table for table in list_tables(root / "sql")}
    files = {}
    for rollup in ROLLUPS:
        path = f"sql/operate/{rollup.statement}.sql"
        if (root / path).is_file():
            files[path] = _fill(root, path, _lists(root, rollup, tables[rollup.table]))
    if (root / DASHBOARD).is_file():
        files[DASHBOARD] = _fill(root, DASHBOARD, {"columns": _shown(tables["daily_v1"])})
    return files


def _shown(table: TableSchema) -> str:
    """A count that is NULL was added to the table after the day's last refresh."""
    return _select(
        2,
        [column for column in table.schema if column.name not in {"partner", "project"}],
        lambda column: (
            f"COALESCE({column.name}, 0) AS {column.name}"
            if _is_count(column) and column.mode == "NULLABLE"
            else column.name
        ),
    )


def _fill(root: Path, path: str, lists: dict[str, str]) -> str:
    return fill(path, (root / path).read_text("utf-8"), lists)


def _lists(root: Path, rollup: Rollup, table: TableSchema) -> dict[str, str]:
    columns = table.schema
    lists = {
        "before": _select(6, columns, lambda column: _before(rollup, column)),
        "fresh": _select(4, columns, lambda column: _fresh(rollup, column)),
        "insert": insert([column.name for column in columns]),
    }
    if rollup.views:
        source = _sources(root, rollup)
        lists["counted"] = _select(6, columns, lambda column: source(column.name))
    return lists


def _sources(root: Path, rollup: Rollup) -> Callable[[str], str]:
    found: dict[str, str] = {}
    for alias, view in rollup.views.items():
        content = (root / f"sql/bi/{view}.json").read_bytes()
        for column in msgspec.json.decode(content, type=list[Column]):
            found.setdefault(column.name, f"{alias}.{column.name}")

    def source(name: str) -> str:
        if name not in found:
            raise ValueError(f"{rollup.table}.{name} is in none of {sorted(rollup.views.values())}")
        return found[name]

    return source


def _before(rollup: Rollup, column: Column) -> str | None:
    """One row of each key, even if two runs inserted one at once; no counts of events."""
    if column.name in rollup.keys:
        return f"numbers.{column.name}"
    if column.name not in rollup.people and _is_count(column):
        return None
    return f"ANY_VALUE(numbers.{column.name}) AS {column.name}"


def _fresh(rollup: Rollup, column: Column) -> str:
    name = column.name
    order = ("before", "counted") if rollup.stays else ("counted", "before")
    values = [f"{source}.{name}" for source in order]
    if name in rollup.people:
        greatest = f"GREATEST({', '.join(f'COALESCE({value}, 0)' for value in values)})"
        if not rollup.stays:
            return f"{greatest} AS {name}"
        indent = " " * 6
        return (
            f"IF(\n{indent}before.is_final,\n{indent}before.{name},\n{indent}{greatest}\n"
            f"    ) AS {name}"
        )
    if _is_count(column):
        return f"COALESCE(counted.{name}, 0) AS {name}"
    return f"COALESCE({', '.join(values)}) AS {name}"


def _is_count(column: Column) -> bool:
    return column.type == "INTEGER"


def _select(
    indent: int, columns: Iterable[Column], expression: Callable[[Column], str | None]
) -> str:
    shown = [text for column in columns if (text := expression(column))]
    return ",\n".join(" " * indent + text for text in shown) + "\n"


def insert(names: list[str]) -> str:
    """Return the lists of columns and values with which a MERGE inserts its rows ``fresh``."""
    values = [f"fresh.{name}" for name in names]
    lines = ("  INSERT (\n", _paragraph(names), "  )\n  VALUES (\n", _paragraph(values), "  )\n")
    return "".join(lines)


def _paragraph(names: list[str]) -> str:
    indent = " " * 4
    lines = textwrap.wrap(", ".join(names), 100, initial_indent=indent, subsequent_indent=indent)
    return "".join(f"{line}\n" for line in lines)
