"""Rows are passed to the reference evaluator and read back without a change."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from functions.warehouse.schema import Column
from googlesql.analyser import RefusedSql
from tests.googlesql.evaluator import Evaluator, canonical, plain

COLUMNS = [
    Column("name", "STRING"),
    Column("number", "INTEGER"),
    Column("part", "FLOAT"),
    Column("whether", "BOOLEAN"),
    Column("moment", "TIMESTAMP"),
    Column("day", "DATE"),
    Column("extra", "JSON"),
    Column("flags", "STRING", "REPEATED"),
    Column(
        "room",
        "RECORD",
        fields=(Column("about", "STRING"), Column("speakers", "STRING", "REPEATED")),
    ),
]
FULL: dict[str, Any] = {
    "name": "é",
    "number": -(2**63),
    "part": 0.1,
    "whether": False,
    "moment": datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC),
    "day": date(1969, 12, 31),
    "extra": {"a": [1, None, 1.5]},
    "flags": ["b", "a"],
    "room": {"about": None, "speakers": ["s"]},
}
EMPTY = dict.fromkeys(FULL) | {"flags": []}


@pytest.fixture
def evaluator() -> Evaluator:
    made = Evaluator()
    made.add("things", COLUMNS, [FULL, EMPTY])
    return made


def test_rows_come_back_as_they_were(evaluator: Evaluator) -> None:
    rows = evaluator.add_view("all", COLUMNS, "SELECT * FROM `p.d.things`")
    assert canonical(rows) == canonical([EMPTY, FULL])


def test_a_view_reads_another(evaluator: Evaluator) -> None:
    counted = [Column("n", "INTEGER")]
    evaluator.add_view("named", COLUMNS, "SELECT * FROM `p.d.things` WHERE name IS NOT NULL")
    assert evaluator.add_view("n", counted, "SELECT COUNT(*) AS n FROM `p.d.named`") == [{"n": 1}]


def test_max_by_and_min_by_are_run(evaluator: Evaluator) -> None:
    sql = (
        "SELECT MAX_BY(name, IF(name = 'b', number, NULL)) AS last, "
        "UPPER(MIN_BY(CONCAT(name, ','), number)) AS first "
        "FROM UNNEST([STRUCT('a' AS name, 1 AS number), ('b', 2), ('c', 3)])"
    )
    columns = [Column("last", "STRING"), Column("first", "STRING")]
    assert evaluator.add_view("by", columns, sql) == [{"last": "b", "first": "A,"}]


def test_names_and_aggregates_are_written_as_the_evaluator_knows_them() -> None:
    assert plain("MAX_BY(IF(a, b, c), d) FROM `p-1.d.t` AS `x`") == (
        "ANY_VALUE(IF(a, b, c) HAVING MAX  d) FROM `t` AS `x`"
    )


def test_a_query_that_cannot_run_is_refused(evaluator: Evaluator) -> None:
    with pytest.raises(RefusedSql, match="division by zero"):
        evaluator.add_view("bad", [Column("n", "FLOAT")], "SELECT 1 / 0 AS n")
    with pytest.raises(ValueError, match="two tables are called things"):
        evaluator.add("things", COLUMNS, [])


def test_different_rows_are_told_apart() -> None:
    assert canonical([FULL]) != canonical([FULL | {"number": 1}])
    assert canonical([FULL]) != canonical([FULL, FULL])
    assert canonical([{"a": 1.0}]) != canonical([{"a": 1.0001}])
    assert canonical([{"a": None}]) != canonical([{"a": ""}])
