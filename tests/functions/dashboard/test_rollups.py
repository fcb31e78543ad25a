"""The queries are asked with their parameters, and a failure shows nothing."""

from datetime import date
from typing import Any

import pytest
from google.api_core.exceptions import ServiceUnavailable

from functions.dashboard.rollups import QueriesFailed, Rollups, Rows
from functions.warehouse import Warehouse

VARIABLES = Warehouse("p.store", "p.bi").variables()
FIRST, LAST, WEEK = date(2026, 8, 25), date(2026, 11, 22), date(2026, 8, 24)


class Client:
    """Remembers queries, and fails the one that it is told to."""

    def __init__(self, failing: str = "none") -> None:
        self.failing = failing
        self.queries: dict[str, dict[str, object]] = {}

    def query(self, sql: str, **options: Any) -> "Client":
        if self.failing in sql:
            raise ServiceUnavailable("quotes a value")
        given = {each.name: each.value for each in options["job_config"].query_parameters}
        self.queries[sql.split("FROM `p.store.")[1].split("`", maxsplit=1)[0]] = given
        return self

    def result(self, **_: Any) -> list[dict[str, Any]]:
        return [{"n": 1}]


async def test_every_query_has_its_parameters() -> None:
    client = Client()
    rows = await Rollups(lambda: client, VARIABLES, seconds=1).read("dev", FIRST, LAST, WEEK)
    assert rows == Rows(*[[{"n": 1}]] * 5)
    days = {"project": "dev", "first": FIRST, "last": LAST}
    assert client.queries == {
        "daily_v1": days,
        "active_users_v1": days,
        "rooms_daily_v1": days,
        "cohorts_v1": days | {"first": WEEK},
        "refreshes_v1": {"first": FIRST},
    }


async def test_one_failure_is_a_failure_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    rollups = Rollups(lambda: Client("rooms_daily_v1"), VARIABLES, seconds=1)
    with pytest.raises(QueriesFailed):
        await rollups.read("dev", FIRST, LAST, WEEK)
    logged = capsys.readouterr().out
    assert '"query":"rooms"' in logged
    assert "quotes a value" not in logged
