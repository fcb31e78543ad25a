"""The volumes that the model assumes: rows by table, and bytes by column."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import msgspec

from functions.warehouse.schema import RETENTION_DAYS, TableSchema, list_tables

PATH = Path(__file__).with_name("volume.yaml")

DAYS_A_MONTH = 30


class TableVolume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The volume of a table; ``volume.yaml`` explains the members."""

    rows_per_event: float = 0
    rows_a_day: float = 0
    days: int | None = None
    bytes: Mapping[str, int] = {}


class Assumptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All assumptions of ``volume.yaml``."""

    types: Mapping[str, int]
    tables: Mapping[str, TableVolume]


@cache
def assumptions() -> Assumptions:
    """Read ``volume.yaml``.

    Raises:
        msgspec.ValidationError: the file has an unknown or a missing member.
    """
    return msgspec.yaml.decode(PATH.read_bytes(), type=Assumptions)


@cache
def _schemas() -> Mapping[str, TableSchema]:
    return {table.name: table for table in list_tables()}


class Volume(msgspec.Struct, frozen=True):
    """The volume of one cell.

    Attributes:
        events: the events of a month.
        retention_days: for how many days events are kept.
    """

    events: float
    retention_days: int = RETENTION_DAYS

    def rows_a_day(self, table: str) -> float:
        """Return the rows in one partition of a table; all rows of a table without partitions."""
        given = assumptions().tables[table]
        if _schemas()[table].partition_by is None:
            return given.rows_per_event * self.events + given.rows_a_day * self.days(table)
        return given.rows_per_event * self.events / DAYS_A_MONTH + given.rows_a_day

    def days(self, table: str) -> int:
        """Return for how many days the rows of a table are kept.

        For tables of events, this is a day more than the retention, because BigQuery keeps a
        partition until its last row is too old.
        """
        kept = assumptions().tables[table].days
        return self.retention_days + 1 if kept is None else kept

    def stored(self) -> float:
        """Return the bytes of all tables."""
        return sum(
            self.rows_a_day(name) * width(name) * (self.days(name) if table.partition_by else 1)
            for name, table in _schemas().items()
        )


def width(table: str, columns: Iterable[str] | None = None) -> int:
    """Return the bytes of a row of a table.

    Args:
        table: the name of the table.
        columns: only these columns; None for all.
    """
    widths = _widths(table)
    return sum(widths[name] for name in (widths if columns is None else columns))


@cache
def _widths(table: str) -> Mapping[str, int]:
    given = assumptions()
    own = given.tables[table].bytes
    return {
        column.name: own.get(column.name, given.types[column.type])
        for column in _schemas()[table].schema
    }


def partition_column(table: str) -> str | None:
    """Return the column by whose day a table is partitioned; None if it has no partitions."""
    return _schemas()[table].partition_by
