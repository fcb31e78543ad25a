"""The queries run with their parameters. If one fails, no numbers are shown."""

from datetime import date

import pytest

from functions.dashboard.rollups import QueriesFailed, Rollups, Rows
from tests.fakes.statements import Statements

FIRST, LAST, WEEK = date(2026, 8, 25), date(2026, 11, 22), date(2026, 8, 24)


def statements() -> Statements:
    """Return statements in which each query finds one row."""
    return Statements("dashboard", rows=[{"n": 1}], changed=None)


async def test_every_query_has_its_parameters() -> None:
    runner = statements()
    rows = await Rollups(runner).read("dev", FIRST, LAST, WEEK)
    assert rows == Rows(*[[{"n": 1}]] * 5)
    days = {"project": "dev", "first": FIRST, "last": LAST}
    assert len(runner.runs) == 5
    assert dict(runner.queries) == {
        "daily": days,
        "people": days,
        "rooms": days,
        "cohorts": days | {"first": WEEK},
        "synchronised": {"first": FIRST},
    }


async def test_one_failure_is_a_failure_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    runner = statements()
    runner.failing = {"rooms"}
    with pytest.raises(QueriesFailed):
        await Rollups(runner).read("dev", FIRST, LAST, WEEK)
    assert '"query":"rooms","error":"backendError"' in capsys.readouterr().out
