"""The queries are asked with their parameters, and a failure shows nothing."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from functions.dashboard.rollups import QueriesFailed, Rollups, Rows
from functions.warehouse.parameters import Parameter
from functions.warehouse.statements import StatementFailed

FIRST, LAST, WEEK = date(2026, 8, 25), date(2026, 11, 22), date(2026, 8, 24)


class Statements:
    """Remembers queries, and fails the one that it is told to."""

    def __init__(self, failing: str = "none") -> None:
        self.failing = failing
        self.queries: dict[str, Mapping[str, Parameter]] = {}

    async def rows(self, name: str, **parameters: Parameter) -> list[Any]:
        if name == self.failing:
            raise StatementFailed(name, "backendError")
        self.queries[name] = parameters
        return [{"n": 1}]

    async def change(self, name: str, **_parameters: Parameter) -> int:
        raise AssertionError(name)


async def test_every_query_has_its_parameters() -> None:
    statements = Statements()
    rows = await Rollups(statements).read("dev", FIRST, LAST, WEEK)
    assert rows == Rows(*[[{"n": 1}]] * 5)
    days = {"project": "dev", "first": FIRST, "last": LAST}
    assert statements.queries == {
        "daily": days,
        "people": days,
        "rooms": days,
        "cohorts": days | {"first": WEEK},
        "synchronised": {"first": FIRST},
    }


async def test_one_failure_is_a_failure_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(QueriesFailed):
        await Rollups(Statements("rooms")).read("dev", FIRST, LAST, WEEK)
    assert '"query":"rooms","error":"backendError"' in capsys.readouterr().out
