"""Google's analyser accepts every file in ``sql/``, and refuses typical mistakes."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from functions.warehouse.parameters import declared
from functions.warehouse.schema import SQL, View, list_views, render
from googlesql.analyser import RefusedSql, of_warehouse
from googlesql.catalogue import type_of_column
from tests.googlesql.texts import VARIABLES, WAREHOUSE, Text, of_statements

STORE = WAREHOUSE.store


@pytest.mark.parametrize("view", list_views(), ids=lambda view: view.name)
def test_a_view_returns_the_columns_of_its_file(view: View) -> None:
    resolved = of_warehouse(WAREHOUSE).analyse(render(view.query, VARIABLES))
    assert resolved.kind == "query"
    assert resolved.columns == [(column.name, type_of_column(column)) for column in view.columns]


@pytest.mark.parametrize("text", of_statements(), ids=lambda text: text.place)
def test_a_statement_takes_the_parameters_that_are_bound(text: Text) -> None:
    resolved = of_warehouse(WAREHOUSE).analyse(text.sql, text.parameters)
    assert resolved.kind in {"query", "insert", "update", "delete", "merge"}
    assert resolved.parameters == set(text.parameters)


def test_no_file_is_left_out() -> None:
    files = {file.relative_to(SQL).as_posix() for file in SQL.rglob("*.sql")}
    views = {name for name in files if name.startswith("bi/")}
    assert sorted(Path(name).stem for name in views) == sorted(view.name for view in list_views())
    assert {text.place for text in of_statements()} == files - views
    named = {f"{folder}/{name}.sql" for folder, found in declared().items() for name in found}
    assert named == files - views


OLD_FIND_FILED_BEFORE = f"""
SELECT
  user_key,
  MAX_BY(erasure_id, cut_off) AS erasure_id
FROM `{STORE}.erasures_v1`
WHERE
  project = @project
  AND user_key IN UNNEST(@user_keys)
GROUP BY user_key
HAVING MAX_BY(erasure_id, cut_off) != @erasure_id
"""
"""A former version of a statement, with which every erasure failed in BigQuery: in HAVING, the
alias hides the column."""
KEYS = {"project": "STRING", "user_keys": "ARRAY<STRING>", "erasure_id": "STRING"}
NONE: Mapping[str, str] = {}

EVENTS = f"`{STORE}.events_v1`"
MISTAKES = {
    "an alias hides the column in HAVING": (
        OLD_FIND_FILED_BEFORE, KEYS, "Aggregations of aggregations are not allowed"
    ),
    "GROUP BY of a STRUCT": (
        f"SELECT room, COUNT(*) AS n FROM {EVENTS} GROUP BY room", NONE,
        "Grouping by expressions of type STRUCT is not allowed",
    ),
    "an unknown function": (
        f"SELECT LIST_SORT(flags) AS sorted FROM {EVENTS}", NONE, "Function not found: LIST_SORT"
    ),
    "a wrong parameter type": (
        f"SELECT event FROM {EVENTS} WHERE user_key IN UNNEST(@user_keys)", {"user_keys": "STRING"},
        "Second argument of IN UNNEST must be an array but was STRING",
    ),
    "a missing column": (
        f"SELECT nickname FROM {EVENTS}", NONE, "Unrecognized name: nickname"
    ),
}  # fmt: skip
"""For each mistake: the statement, its parameters, and the beginning of Google's error message."""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_for_its_own_reason(mistake: str) -> None:
    sql, parameters, reason = MISTAKES[mistake]
    with pytest.raises(RefusedSql, match=f"^{re.escape(reason)}"):
        of_warehouse(WAREHOUSE).analyse(sql, parameters)


@pytest.mark.parametrize(
    ("right", "parameters"),
    [
        (f"SELECT room.name, COUNT(*) AS n FROM {EVENTS} GROUP BY room.name", NONE),
        (f"SELECT ARRAY_REVERSE(flags) AS turned FROM {EVENTS}", NONE),
        (
            f"SELECT event FROM {EVENTS} WHERE user_key IN UNNEST(@user_keys)",
            {"user_keys": "ARRAY<STRING>"},
        ),
        (f"SELECT user_key FROM {EVENTS}", NONE),
    ],
)
def test_a_correct_statement_similar_to_a_mistake_is_accepted(
    right: str, parameters: dict[str, str]
) -> None:
    assert of_warehouse(WAREHOUSE).analyse(right, parameters).kind == "query"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 1 FROM events_v1", "Table not found: events_v1"),
        (f"SELECT 1 FROM `{STORE}.events`", "Table not found"),
        (f"DELETE FROM {EVENTS}", "DELETE must have a WHERE clause"),
        (f"UPDATE {EVENTS} SET extra = NULL", "UPDATE must have a WHERE clause"),
        (f"DELETE FROM {EVENTS} WHERE TRUE THEN RETURN event", "THEN RETURN is not supported"),
        (f"SELECT event FROM {EVENTS} ORDER BY ALL", "Unexpected keyword ALL"),
        (
            f"SELECT event FROM {EVENTS} WHERE received_at > 1",
            "No matching signature for operator >",
        ),
        (f"SELECT COUNT(*) FILTER (WHERE TRUE) FROM {EVENTS}", "Syntax error"),
        (
            f"SELECT event FROM {EVENTS} WHERE received_at >= @day",
            "Query parameter 'day' not found",
        ),
        (f"SELECT event FROM {EVENTS}; SELECT 1", "Syntax error"),
        ("SELECT ARRAY_FILTER([1], x -> x > 0)", "Lambda is not supported"),
        ("SELECT PARSE_JSON('1') = PARSE_JSON('2')", "Equality is not defined for arguments"),
    ],
)
def test_statements_that_only_other_engines_accept_are_refused(sql: str, reason: str) -> None:
    with pytest.raises(RefusedSql, match=reason):
        of_warehouse(WAREHOUSE).analyse(sql)


def test_a_statement_without_its_declared_parameters_is_refused() -> None:
    """This shows that the analyser does check the parameters of statements."""
    for text in of_statements():
        if text.parameters:
            with pytest.raises(RefusedSql, match="not found"):
                of_warehouse(WAREHOUSE).analyse(text.sql)


def test_names_may_leave_out_the_project_and_a_default_dataset() -> None:
    assert of_warehouse(WAREHOUSE).analyse("SELECT event FROM chat_eu.events").kind == "query"
    of_bi = of_warehouse(WAREHOUSE, "chat_eu")
    assert of_bi.analyse("SELECT event FROM events").kind == "query"
    with pytest.raises(RefusedSql, match="Table not found"):
        of_bi.analyse("SELECT event FROM events_v1")
