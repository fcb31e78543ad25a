"""The assumed volumes, and the bytes that BigQuery bills for reads of them."""

from datetime import UTC, datetime

import pytest

from costs.bounds import Bound
from costs.scans import Read
from costs.statements import LEAST, Reads
from costs.volume import Volume, assumptions, partition_column, width
from functions.warehouse.schema import Column, list_tables

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
TODAY = datetime(2026, 11, 30, tzinfo=UTC)
MUCH = Volume(30e9)
"""A volume of a thousand million events a day."""


def test_every_table_has_a_volume_and_no_other() -> None:
    assert assumptions().tables.keys() == {table.name for table in list_tables()}


def test_every_width_is_of_a_column() -> None:
    for table in list_tables():
        names = {column.name for column in table.schema}
        assert assumptions().tables[table.name].bytes.keys() <= names, table.name


def test_a_column_is_as_wide_as_its_type_unless_the_file_says_otherwise() -> None:
    assert width("events_v1", ["received_at", "user_key"]) == 8 + 34
    assert width("events_v1", []) == 0
    assert width("events_v1") == sum(
        width("events_v1", [column.name]) for column in _columns("events_v1")
    )


def _columns(name: str) -> tuple[Column, ...]:
    [table] = [table for table in list_tables() if table.name == name]
    return table.schema


def test_rows_follow_the_events_or_the_days() -> None:
    assert Volume(3e6).rows_a_day("events_v1") == 100_000
    assert Volume(3e6).rows_a_day("daily_v1") == Volume(3e9).rows_a_day("daily_v1") == 10
    assert Volume(3e6).rows_a_day("holds_v1") == 365  # all rows, as there are no partitions
    assert Volume(3e6).days("events_v1") == 216
    assert Volume(3e6, 300).days("events_v1") == 301
    assert partition_column("events_v1") == "received_at"
    assert partition_column("holds_v1") is None


def read(*columns: str, table: str = "events_v1", rewrites: bool = False) -> Read:
    return Read(
        table, frozenset(columns), (("received_at", Bound(1, TODAY, None)),), rewrites=rewrites
    )


def test_a_read_bills_the_columns_that_it_reads() -> None:
    assert Reads([read("user_key")], NOW).bytes(MUCH) == 34e9
    assert Reads([read("user_key"), read("event")], NOW).bytes(MUCH) == (34 + 15) * 1e9


def test_a_change_bills_whole_rows_on_top() -> None:
    changed = Reads([read("user_key", rewrites=True)], NOW)
    assert changed.bytes(MUCH) == (34 + width("events_v1")) * 1e9


@pytest.mark.parametrize(("days", "billed"), [(0, 34e9), (1, (34 + 251) * 1e9), (9, 285e9)])
def test_a_change_bills_whole_rows_only_of_days_on_which_it_changes_rows(
    days: int, billed: float
) -> None:
    assert Reads([read("user_key", rewrites=True)], NOW, days).bytes(MUCH) == billed


def test_each_table_bills_ten_megabytes_at_least() -> None:
    little = Volume(1)
    assert Reads([], NOW).bytes(little) == LEAST
    assert Reads([read("event"), read("event")], NOW).bytes(little) == LEAST
    both = [read("event"), read("nickname", table="identities_v1")]
    assert Reads(both, NOW).bytes(little) == 2 * LEAST
