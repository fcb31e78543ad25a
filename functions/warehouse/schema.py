"""Reads the tables and views of a cell from the files in ``sql/``.

``sql/store/<table>.json`` describes a table, ``sql/bi/<view>.sql`` is a view's query, and
``sql/bi/<view>.json`` describes the view's columns. The views of single events are in
``sql/bi/events``. Terraform renders the same files with ``templatefile``, so their only template
syntax is a variable (``${name}``).
"""

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import NamedTuple

import msgspec

SQL = Path(__file__).resolve().parents[2] / "sql"

OPEN_WINDOW_DAYS = 8
"""The number of days after an event during which the event may be delivered a second time: Pub/Sub
keeps messages for 7 days, and one day is added. Senders retry for only 4 days."""

SIX_MONTHS_DAYS = 184
"""The maximum number of days in 6 months, such as March to August or July to December."""

RETENTION_DAYS = SIX_MONTHS_DAYS + 31
"""The number of days for which events are kept. The product's dashboard shows the last 6 months;
one month is added."""

EXTRA_DAYS = 30
"""The number of days for which unknown properties are kept; they may be personal data."""

INCLUDED_QUERIES = {
    "hidden": "privacy/find_hidden.sql",
    "active_days": "operate/find_active_days.sql",
    "scopes": "privacy/find_scopes.sql",
    "taken_back": "privacy/find_taken_back.sql",
}
"""The files in ``sql/`` whose text replaces a variable in views and statements, by the name of the
variable. A file may use the variables before it in this mapping."""

VIEW_REFERENCE = re.compile(r"\$\{bi\}\.(\w+)")


class TemplateError(ValueError):
    """A file in ``sql/`` uses an unknown variable, or a ``$`` that does not start a variable."""


class Warehouse(NamedTuple):
    """The datasets and periods of a cell's warehouse.

    Attributes:
        store: the dataset that the functions read and write, as ``project.dataset``.
        bi: the dataset that BI tools see, as ``project.dataset``.
        open_window_days: the number of days (UTC) before today whose events may still be delivered
            a second time.
        retention_days: the age in days at which a partition is deleted.
    """

    store: str
    bi: str
    open_window_days: int = OPEN_WINDOW_DAYS
    retention_days: int = RETENTION_DAYS

    def variables(self) -> dict[str, str]:
        """Return the value of each variable that files in ``sql/`` may use, by name."""
        values = {name: str(value) for name, value in self._asdict().items()}
        for name, file in INCLUDED_QUERIES.items():
            values[name] = render((SQL / file).read_text("utf-8"), values)
        return values


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A column in the form of BigQuery's REST API, which uses legacy type names.

    Attributes:
        name: the column's name in snake_case.
        type: STRING, INTEGER, FLOAT, BOOLEAN, TIMESTAMP, DATE, JSON or RECORD.
        mode: REQUIRED, NULLABLE or REPEATED.
        description: the column's description, for analysts.
        fields: the columns inside a RECORD.
    """

    name: str
    type: str
    mode: str = "NULLABLE"
    description: str = ""
    fields: tuple["Column", ...] = ()


class TableSchema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the store.

    Attributes:
        name: the name of the table's file, without its ending.
        description: the table's description in BigQuery.
        schema: the columns, in order.
        partition_by: the TIMESTAMP or DATE column whose UTC day is the partition; None if the table
            is not partitioned.
        expires: whether BigQuery deletes a partition that is older than the retention.
        require_partition_filter: whether BigQuery refuses a query that does not filter on the
            column `partition_by`.
        clustering: the columns by which rows are sorted within a partition, most selective first.
        people: for each column with data about people, by dotted name, the kind of data:
            ``personal``, ``pseudonym``, ``unknown`` (may be personal), or ``staff`` (about
            operators, not users).
    """

    name: str
    description: str
    schema: tuple[Column, ...]
    partition_by: str | None = None
    expires: bool = False
    require_partition_filter: bool = False
    clustering: tuple[str, ...] = ()
    people: Mapping[str, str] = MappingProxyType({})


class View(NamedTuple):
    """A view of the BI dataset.

    Attributes:
        name: the name of the view's file, without its ending.
        query: the text of the query, with variables.
        references: the names of the views that the query reads.
        columns: the columns that the query returns, in order.
    """

    name: str
    query: str
    references: frozenset[str]
    columns: tuple[Column, ...] = ()


def dataset_name(resource: str) -> str:
    """Convert a resource name ``projects/P/datasets/D`` to the SQL name ``P.D``.

    Raises:
        ValueError: the text is not a dataset's resource name.
    """
    match resource.split("/"):
        case ["projects", project, "datasets", dataset] if project and dataset:
            return f"{project}.{dataset}"
    raise ValueError("a dataset must have the form projects/P/datasets/D")


def render(text: str, variables: Mapping[str, str]) -> str:
    """Replace each ``${name}`` in a text with its value.

    Raises:
        TemplateError: a variable is unknown, or a ``$`` does not start a variable.
    """
    try:
        return Template(text).substitute(variables)
    except KeyError as missing:
        raise TemplateError(f"unknown variable {missing}") from None
    except ValueError as malformed:
        raise TemplateError(str(malformed)) from None


def list_tables(root: Path = SQL) -> list[TableSchema]:
    """Read the tables of the store, sorted by name.

    Raises:
        msgspec.ValidationError: a file does not have the form of `TableSchema`.
    """
    return [
        msgspec.convert({**msgspec.json.decode(file.read_bytes()), "name": file.stem}, TableSchema)
        for file in sorted(root.glob("store/*.json"))
    ]


def list_views(root: Path = SQL) -> list[View]:
    """Read the BI views, in an order in which they can be created.

    Each view comes after the views that it reads.

    Raises:
        ValueError: views read each other in a cycle, or a view reads a view that does not exist.
        FileNotFoundError: a view has no file that describes its columns.
    """
    views = {file.stem: _read_view(file) for file in sorted(root.glob("bi/**/*.sql"))}
    for view in views.values():
        if missing := view.references - views.keys():
            raise ValueError(f"view {view.name} reads {sorted(missing)}, which no file defines")
    order = TopologicalSorter({view.name: sorted(view.references) for view in views.values()})
    try:
        return [views[name] for name in order.static_order()]
    except CycleError as circle:
        raise ValueError(f"views read each other: {circle.args[1]}") from None


def _read_view(file: Path) -> View:
    query = file.read_text("utf-8")
    columns = msgspec.json.decode(file.with_suffix(".json").read_bytes(), type=tuple[Column, ...])
    return View(file.stem, query, frozenset(VIEW_REFERENCE.findall(query)), columns)
