from datetime import UTC, datetime
from typing import Any

import pytest
from google.api_core import exceptions
from requests.exceptions import ConnectionError as NoConnection

from functions.statements import RETRY_DELAYS, StatementFailed, Statements
from functions.warehouse import Warehouse

BAD_REQUEST: Any = exceptions.BadRequest
UNAVAILABLE: Any = exceptions.ServiceUnavailable
DAY = datetime(2026, 11, 22, tzinfo=UTC)


class Client:
    """Answers as told; every statement changes three rows and returns one."""

    num_dml_affected_rows = 3

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.statements: list[tuple[str, dict[str, Any]]] = []
        self.waits: list[float] = []

    def query(self, sql: str, *, job_config: Any, **_: object) -> "Client":
        parameters = {each.name: each.value for each in job_config.query_parameters}
        self.statements.append((sql, parameters))
        return self

    def result(self, **_: object) -> list[tuple[datetime]]:
        if self.failures:
            raise self.failures.pop(0)
        return [(DAY,)]

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def statements(client: Client) -> Statements:
    variables = Warehouse("p.store", "p.bi").variables()
    return Statements("operate", lambda: client, variables, seconds=1, sleep=client.sleep)


async def test_a_statement_is_its_file_with_names_and_parameters(
    client: Client, statements: Statements
) -> None:
    assert await statements.change("delete_copies", day=DAY) == 3
    [(sql, parameters)] = client.statements
    assert "DELETE FROM `p.store.events_v1`" in sql
    assert parameters == {"day": DAY}
    assert await statements.days("find_extra", end=DAY) == [DAY]


@pytest.mark.parametrize(
    "failure",
    [
        BAD_REQUEST("Could not serialize access to table due to concurrent update"),
        UNAVAILABLE("try again"),
        NoConnection(),
        TimeoutError(),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_failed_statement_is_tried_again(
    client: Client, statements: Statements, failure: Exception
) -> None:
    client.failures = [failure, failure]
    assert await statements.change("empty_extra", day=DAY) == 3
    assert client.waits == list(RETRY_DELAYS[:2])


async def test_what_fails_at_every_attempt_is_given_up_without_being_quoted(
    client: Client, statements: Statements, capsys: pytest.CaptureFixture[str]
) -> None:
    client.failures = [BAD_REQUEST("secret")] * 4
    with pytest.raises(StatementFailed, match="BadRequest"):
        await statements.change("empty_extra", day=DAY)
    assert client.waits == list(RETRY_DELAYS)
    assert "secret" not in capsys.readouterr().out
