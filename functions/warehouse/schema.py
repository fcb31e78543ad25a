"""The warehouse as files: the tables and views of a cell, read from ``sql/`` and rendered.

``sql/store/<table>.json`` describes a table, ``sql/bi/<view>.sql`` is a view's query and
``sql/bi/<view>.json`` describes its columns. Terraform renders the same files with
``templatefile``, so they know variables (``${name}``) and nothing else.
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
"""Days in which an event may come again: Pub/Sub keeps it for 7, senders retry for 4; plus one."""
RETENTION_DAYS = 215
"""Days that an event is kept: the product's dashboard looks back 6 months; plus 30 days."""

EXTRA_DAYS = 30
"""Days that unknown properties are kept: nobody knows whether they are personal."""

VIEW_REFERENCE = re.compile(r"\$\{bi\}\.(\w+)")


class TemplateError(ValueError):
    """A file of ``sql/`` uses a variable that is not given, or a ``$`` that is no variable."""


class Warehouse(NamedTuple):
    """Where a cell's warehouse is and how long it keeps.

    Attributes:
        store: the functions' dataset, as ``project.dataset``.
        bi: the dataset that BI tools see, as ``project.dataset``.
        open_window_days: whole days before today (UTC) in which an event may come again.
        retention_days: age in days at which a partition goes.
    """

    store: str
    bi: str
    open_window_days: int = OPEN_WINDOW_DAYS
    retention_days: int = RETENTION_DAYS

    def variables(self) -> dict[str, str]:
        """Return the variables of the files in ``sql/``."""
        return {name: str(value) for name, value in self._asdict().items()}


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A column as BigQuery's REST API writes it, with the legacy type names.

    Attributes:
        name: snake_case.
        type: STRING, INTEGER, FLOAT, BOOLEAN, TIMESTAMP, DATE, JSON or RECORD.
        mode: REQUIRED, NULLABLE or REPEATED.
        description: what it says to an analyst.
        fields: the columns inside a RECORD.
    """

    name: str
    type: str
    mode: str = "NULLABLE"
    description: str = ""
    fields: tuple["Column", ...] = ()


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the store.

    Attributes:
        name: the file's name without its ending.
        description: what it holds, for the catalogue.
        schema: its columns, in order.
        partition_by: the TIMESTAMP or DATE column whose UTC day is the partition; None for a whole
            table.
        expires: whether a partition goes at the age of the retention.
        require_partition_filter: whether a query without a bound on that column is refused.
        clustering: the columns that sort the rows within a partition, most telling first.
        people: the columns with data about a person, by dotted name: ``personal``, ``pseudonym``,
            ``unknown`` (it may be personal), or ``staff`` (of those who operate, not of users).
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
        name: the file's name without its ending.
        query: its text, not rendered.
        references: the views that it reads.
        columns: what it returns, in order.
    """

    name: str
    query: str
    references: frozenset[str]
    columns: tuple[Column, ...] = ()


def dataset_name(resource: str) -> str:
    """Return ``P.D``, as SQL names a dataset, of its resource name ``projects/P/datasets/D``.

    Raises:
        ValueError: it is not one.
    """
    match resource.split("/"):
        case ["projects", project, "datasets", dataset] if project and dataset:
            return f"{project}.{dataset}"
    raise ValueError(f"a dataset is projects/P/datasets/D, not {resource!r}")


def render(text: str, variables: Mapping[str, str]) -> str:
    """Put values into a text's ``${name}``.

    Raises:
        TemplateError: a variable is not among those given, or a ``$`` stands for none.
    """
    try:
        return Template(text).substitute(variables)
    except KeyError as missing:
        raise TemplateError(f"unknown variable {missing}") from None
    except ValueError as malformed:
        raise TemplateError(str(malformed)) from None


def with_covered(variables: Mapping[str, str]) -> dict[str, str]:
    """Add to the variables of ``sql/privacy`` the one that is a file of it, ``covered.sql``."""
    return {**variables, "covered": render((SQL / "privacy/covered.sql").read_text(), variables)}


def list_tables(root: Path = SQL) -> list[Table]:
    """Read the store's tables, by name.

    Raises:
        msgspec.ValidationError: a file says something that a table does not have.
    """
    return [
        msgspec.convert({**msgspec.json.decode(file.read_bytes()), "name": file.stem}, Table)
        for file in sorted(root.glob("store/*.json"))
    ]


def list_views(root: Path = SQL) -> list[View]:
    """Read the BI views in an order in which they can be created: each after those that it reads.

    Raises:
        ValueError: views read each other in a circle, or one that does not exist.
        FileNotFoundError: a view has no file of columns.
    """
    views = {file.stem: _read_view(file) for file in sorted(root.glob("bi/*.sql"))}
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
