"""Values are bound with the types that ``sql/parameters.json`` declares, or refused."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest

from functions.warehouse.parameters import WrongParameters, declared, query_parameters
from functions.warehouse.schema import SQL, Warehouse, render

DAY = datetime(2026, 11, 22, tzinfo=UTC)
COMMENT = re.compile(r"--.*")


def with_queries(text: str) -> str:
    """Return a statement with the queries that it includes, which also have parameters."""
    return render(text, Warehouse("p.store", "p.bi").variables())


def test_every_statement_is_declared_with_the_parameters_that_it_names() -> None:
    named = {
        folder: {
            file.stem: set(re.findall(r"@(\w+)", COMMENT.sub("", with_queries(file.read_text()))))
            for file in SQL.glob(f"{folder}/*.sql")
        }
        for folder in ("dashboard", "operate", "privacy")
    }
    assert named == {
        folder: {statement: set(types) for statement, types in statements.items()}
        for folder, statements in declared().items()
    }


def test_a_parameter_has_its_declared_type() -> None:
    [day] = query_parameters("operate", "delete_copies", {"day": DAY})
    assert day.to_api_repr()["parameterType"] == {"type": "TIMESTAMP"}
    [parameter] = query_parameters("privacy", "file_deletions", {"entries": []})
    assert parameter.to_api_repr()["parameterType"]["arrayType"] == {"type": "STRING"}
    [first] = query_parameters("dashboard", "synchronised", {"first": date(2026, 11, 22)})
    assert first.to_api_repr()["parameterType"] == {"type": "DATE"}


@pytest.mark.parametrize(
    ("folder", "statement", "values"),
    [
        ("operate", "delete_copies", {}),
        ("operate", "delete_copies", {"day": DAY, "secret": "secret value"}),
        ("operate", "delete_copies", {"day": DAY.replace(tzinfo=None)}),
        ("operate", "delete_copies", {"day": DAY.date()}),
        ("operate", "no_such", {}),
        ("dashboard", "synchronised", {"first": DAY}),
        ("privacy", "file_deletions", {"entries": "secret value"}),
        ("privacy", "file_deletions", {"entries": [1]}),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_not_quoted(
    folder: str, statement: str, values: dict[str, Any]
) -> None:
    with pytest.raises(WrongParameters) as wrong:
        query_parameters(folder, statement, values)
    assert "secret value" not in str(wrong.value)
