"""Writes the lists of columns in the statements that refresh rollups.

The columns of a rollup are declared once, in ``sql/store/<table>.json``. The statement that
refreshes the rollup lists them up to four times, and a query of the dashboard lists those of
``daily_v1``. These lists are generated parts of the statements (`generate.parts`).
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
    """A rollup, and the form of the statement that refreshes it.

    Attributes:
        statement: the name of the statement's file in ``sql/operate``, without its ending.
        table: the name of the table's file in ``sql/store``, without its ending.
        keys: the columns that identify a row. ``partner`` is not among them, because ``project``
            determines it.
        people: the columns that count people. An erasure never makes these counts smaller.
        views: the views from which the counts come, by their alias in the statement. If several
            views have a column, the first view is used. Empty if the statement itself counts.
        stays: whether a refresh leaves rows of days before ``thawed`` unchanged.
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
    Rollup(
        "refresh_room_people",
        "room_people_v1",
        ("project", "day", "room_id"),
        frozenset(
            {
                *("active_7_days", "senders_7_days", "active_30_days", "senders_30_days"),
                *("active_90_days", "senders_90_days", "active_6_months", "senders_6_months"),
            }
        ),
        {},
        stays=True,
    ),
)
"""The rollups whose statements have generated lists. ``refresh_cohorts`` needs no lists, because it
has a single number."""


def render(root: Path) -> dict[str, str]:
    """Return the content of the statements, by path; files that do not exist are left out.

    Raises:
        ValueError: a column of a rollup is in none of the rollup's views.
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
    """Return the list of columns for the dashboard's query.

    A count is NULL if its column was added after the day's last refresh; the query shows it as 0.
    """
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
    """Return the expression that reads a column from the old rows; None for a count of events.

    Concurrent runs may have inserted two rows with the same keys, so ``ANY_VALUE`` takes one of
    them. Old counts of events are not needed, because the refresh counts all events again.
    """
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
    """Return the columns and values of the INSERT in a MERGE, which reads the rows ``fresh``."""
    values = [f"fresh.{name}" for name in names]
    lines = ("  INSERT (\n", _paragraph(names), "  )\n  VALUES (\n", _paragraph(values), "  )\n")
    return "".join(lines)


def _paragraph(names: list[str]) -> str:
    indent = " " * 4
    lines = textwrap.wrap(", ".join(names), 100, initial_indent=indent, subsequent_indent=indent)
    return "".join(f"{line}\n" for line in lines)
