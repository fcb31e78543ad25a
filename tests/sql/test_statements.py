"""The statements in ``sql/`` follow rules that the stand-in does not enforce."""

import pytest
import sqlglot
from sqlglot import exp

from functions.warehouse.schema import SQL, Warehouse, list_tables, render

VARIABLES = Warehouse("p.store", "p.bi").variables()
PARTITIONED = {table.name: table.partition_by for table in list_tables() if table.partition_by}
STATEMENTS = {
    path.relative_to(SQL).as_posix(): sqlglot.parse_one(
        render(path.read_text(), VARIABLES), read="bigquery"
    )
    for path in sorted(SQL.rglob("*.sql"))
    if not path.is_relative_to(SQL / "bi")
}
CHANGES = {
    name: statement
    for name, statement in STATEMENTS.items()
    if isinstance(statement, exp.Delete | exp.Update | exp.Merge | exp.Insert)
}
BOUNDS = (exp.GTE, exp.GT, exp.LTE, exp.LT, exp.EQ)

every_statement = pytest.mark.parametrize("name", STATEMENTS)
every_change = pytest.mark.parametrize("name", CHANGES)


def bounded(condition: exp.Expr | None, column: str, alias: str) -> bool:
    """Say whether a condition bounds a column by values that are constant during the statement."""
    if condition is None:
        return False
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    return any(
        isinstance(part, BOUNDS)
        and isinstance(part.this, exp.Column)
        and (part.this.name, part.this.table) in {(column, ""), (column, alias)}
        and not part.expression.find(exp.Column, exp.Subquery)
        for part in parts
    )


def condition_of(statement: exp.Expr) -> exp.Expr | None:
    if isinstance(statement, exp.Merge):
        on = statement.args["on"]
        if isinstance(on, exp.Boolean) and not on.this:
            # The statement replaces rows, and a condition says which rows it deletes.
            [deletes] = [when for when in statement.find_all(exp.When) if when.args.get("source")]
            return deletes.args.get("condition")
        return on if isinstance(on, exp.Expr) else None
    where = statement.args.get("where")
    return where.this if where else None


def test_there_are_statements() -> None:
    assert {"operate/delete_copies.sql", "operate/merge_identities.sql"} <= CHANGES.keys()


@every_change
def test_a_change_says_which_partitions_it_may_touch(name: str) -> None:
    statement = CHANGES[name]
    target = statement.this
    if isinstance(statement, exp.Insert) or target.name not in PARTITIONED:
        return
    assert bounded(condition_of(statement), PARTITIONED[target.name], target.alias)


@every_change
def test_a_change_has_a_condition(name: str) -> None:
    if not isinstance(CHANGES[name], exp.Insert):
        assert condition_of(CHANGES[name]) is not None


@every_statement
def test_every_reading_of_a_partitioned_table_is_bounded(name: str) -> None:
    for select in STATEMENTS[name].find_all(exp.Select):
        source = select.args.get("from_")
        if source is None or source.this.name not in PARTITIONED:
            continue
        where = select.args.get("where")
        assert where
        assert bounded(where.this, PARTITIONED[source.this.name], source.this.alias)


@every_statement
def test_every_joined_partitioned_table_is_bounded(name: str) -> None:
    for select in STATEMENTS[name].find_all(exp.Select):
        where = select.args.get("where")
        for join in select.args.get("joins") or ():
            table = join.this
            if isinstance(table, exp.Table) and table.name in PARTITIONED:
                conditions = [join.args.get("on"), where.this if where else None]
                column = PARTITIONED[table.name]
                assert any(bounded(each, column, table.alias) for each in conditions)


@pytest.mark.parametrize(
    "name", [name for name in STATEMENTS if "${scopes}" in (SQL / name).read_text()]
)
def test_events_are_erased_between_two_moments(name: str) -> None:
    """A statement needs both bounds, so that a sweep for late events reads few days."""
    for table in STATEMENTS[name].find_all(exp.Table):
        if table.name not in {"events_v1", "room_events_v1"}:
            continue
        scope = table.find_ancestor(exp.Select, exp.Delete, exp.Update)
        assert scope
        condition = scope.args["where"].this
        kinds = {
            type(part)
            for part in condition.flatten()
            if isinstance(part, exp.GTE | exp.LT)
            and part.this.name == "received_at"
            and part.expression.find(exp.Parameter)
        }
        assert kinds == {exp.GTE, exp.LT}


@every_statement
def test_a_file_has_one_statement_and_describes_it(name: str) -> None:
    text = (SQL / name).read_text()
    assert text.startswith("-- ")
    assert len(sqlglot.parse(render(text, VARIABLES), read="bigquery")) == 1
    assert "@" not in "".join(line for line in text.splitlines() if line.startswith("--"))


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM events_v1 WHERE TRUE",
        "DELETE FROM events_v1 WHERE delivery_id = 'a'",
        "DELETE FROM events_v1 WHERE received_at >= stored_at",
        "UPDATE events_v1 SET extra = NULL WHERE received_at >= (SELECT MAX(day) FROM days)",
        "DELETE FROM events_v1 WHERE received_at >= @day OR delivery_id = 'a'",
        "MERGE events_v1 USING days ON FALSE WHEN NOT MATCHED BY SOURCE THEN DELETE",
    ],
)
def test_a_change_without_a_bound_would_be_noticed(sql: str) -> None:
    statement = sqlglot.parse_one(sql, read="bigquery")
    assert not bounded(condition_of(statement), "received_at", "events_v1")


def test_statements_make_json_only_from_texts_that_a_function_wrote() -> None:
    """BigQuery refuses some fractions in JSON, and the functions write none (see `encode_json`).

    If you add a statement to the list, also add a test that its JSON comes from `encode_json`.
    """
    makers = (exp.ParseJSON, exp.JSONObject, exp.JSONArray, exp.JSONObjectAgg, exp.JSONArrayAgg)
    parsing = {name for name, statement in STATEMENTS.items() if statement.find(*makers)}
    assert parsing == {"privacy/add_receipts.sql", "privacy/file_deletions.sql"}
    for name, statement in STATEMENTS.items():
        assert not any(made.args.get("to_json") for made in statement.find_all(exp.JSONFormat)), (
            f"{name} makes JSON from a column, and BigQuery may refuse fractions in it"
        )
