"""The dashboard's benchmark fills complete rows, and knows which rollups the dashboard reads."""

from pathlib import Path

import sqlglot
from sqlglot import exp

from functions.warehouse.schema import list_tables
from local.cell import Cell
from tests.bench.dashboard import LOG, fill, tables_read

TABLES = {table.name: table for table in list_tables()}
CELL = Cell(8600, "token", Path("unused"), "127.0.0.1:8602")


def test_a_fill_sets_all_required_columns() -> None:
    statement = sqlglot.parse_one(fill(CELL, "fill1", "2026-11-22"), read="bigquery")
    assert isinstance(statement, exp.Insert)
    columns = {column.name for column in statement.this.expressions}
    required = {each.name for each in TABLES["events_v1"].schema if each.mode == "REQUIRED"}
    assert required <= columns


def test_the_dashboard_reads_only_rollups() -> None:
    read = tables_read("p.store")
    assert LOG in read
    assert "events_v1" not in read
    assert read <= TABLES.keys()
