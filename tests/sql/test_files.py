"""Rules for the files in ``sql/`` that the stand-in would not enforce."""

import re

import pytest
import sqlglot
from sqlglot import exp

from functions.events.draft import MAX_FLAGS
from functions.warehouse.schema import (
    SQL,
    View,
    Warehouse,
    list_tables,
    list_views,
    render,
    with_scopes,
)

VARIABLES = Warehouse("p.store", "p.bi").variables()
VIEWS = list_views()
TABLES = {table.name: table for table in list_tables()}
NEVER_SHOWN = {"user_id", "nickname", "extra", "delivery_id"}
KEYWORDS = (
    "select|from|where|and|or|not|as|on|left|join|cross|union|all|with|group|by|order|qualify|over|"
    "partition|between|is|null|case|when|then|else|end|interval|distinct|unnest|struct|in"
)
LOWER_CASE_KEYWORD = re.compile(rf"(?<![\w.`])({KEYWORDS})(?![\w.`])")

every_view = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)


def parse(view: View) -> exp.Expr:
    return sqlglot.parse_one(render(view.query, VARIABLES), read="bigquery")


@every_view
def test_view_is_one_query_with_a_grain(view: View) -> None:
    assert view.query.startswith("-- grain: ")
    assert isinstance(parse(view), exp.Query)


@every_view
def test_view_has_upper_case_keywords(view: View) -> None:
    code = re.sub(r"--.*|'[^']*'", "", view.query)
    assert not LOWER_CASE_KEYWORD.findall(code)


@every_view
def test_view_names_its_columns_and_shows_nobody(view: View) -> None:
    query = parse(view)
    assert all(isinstance(star.parent, exp.Count) for star in query.find_all(exp.Star))
    shown = {column for select in query.find_all(exp.Select) for column in select.named_selects}
    assert not shown & NEVER_SHOWN
    if not view.references:
        return
    assert not {identifier.name for identifier in query.find_all(exp.Identifier)} & NEVER_SHOWN


@every_view
def test_view_bounds_what_it_reads(view: View) -> None:
    """BigQuery refuses a query that does not; the stand-in answers it."""
    for table in parse(view).find_all(exp.Table):
        if table.db != "store" or not TABLES[table.name].require_partition_filter:
            continue
        select = table.find_ancestor(exp.Select)
        assert select is not None
        where = select.args["where"].this
        bounds = [part for part in where.flatten() if isinstance(part, exp.GTE)]
        assert TABLES[table.name].partition_by in {bound.this.name for bound in bounds}
        assert not any(bound.expression.find(exp.Column) for bound in bounds)


def test_only_the_open_window_has_a_window_function() -> None:
    """A filter on received_at passes to a table through a branch without one, and only there."""
    query = next(parse(view) for view in VIEWS if view.name == "events")
    with_window = {
        expression.alias for expression in query.find_all(exp.CTE) if expression.find(exp.Window)
    }
    assert with_window == {"open_window", "hidden"}  # the erasures are few


def test_every_finding_of_loading_is_looked_at() -> None:
    query = next(view.query for view in VIEWS if view.name == "catalogue_drift")
    assert f"GENERATE_ARRAY(1, {MAX_FLAGS})" in query


@every_view
def test_the_columns_are_those_of_the_query(view: View) -> None:
    query = parse(view)
    assert isinstance(query, exp.Query)
    assert query.named_selects == [column.name for column in view.columns]
    assert all(column.description for column in view.columns)


def test_identities_have_the_columns_that_erasing_needs() -> None:
    assert [column.name for column in TABLES["identities_v1"].schema] == [
        "partner", "project", "user_key", "key_version", "user_id", "nickname", "first_seen",
        "last_seen",
    ]  # fmt: skip


@pytest.mark.parametrize("file", ["bi/events.sql", "privacy/remove_speakers.sql"])
def test_a_room_that_is_put_together_again_has_all_its_columns_in_order(file: str) -> None:
    """BigQuery compares the fields of records by position."""
    [room] = [column for column in TABLES["events_v1"].schema if column.name == "room"]
    text = render((SQL / file).read_text(), with_scopes(VARIABLES))
    built = [
        [field.alias_or_name for field in struct.expressions]
        for struct in sqlglot.parse_one(text, read="bigquery").find_all(exp.Struct)
    ]
    assert [field.name for field in room.fields] in built


@pytest.mark.parametrize("file", ["bi/events.sql", "privacy/find_scopes.sql"])
def test_what_is_hidden_is_what_is_executed_later(file: str) -> None:
    """Views and the sweep cut a person's erasures alike, so both cover the same events."""
    text = " ".join((SQL / file).read_text().split())
    assert "PARTITION BY project, user_key ORDER BY cut_off, erasure_id" in text
    assert "WHERE status IN ('hidden', 'due', 'executed')" in text
