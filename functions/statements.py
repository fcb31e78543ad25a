"""Runs the statements of a folder of ``sql/`` in BigQuery.

Each of them can be repeated without harm. So whatever fails is tried again: BigQuery runs two
changes of a table at a time, queues twenty, and lets one of two fail that meet in the same rows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from functions.log import log
from functions.warehouse import SQL, render

RETRY_DELAYS = (1.0, 4.0, 16.0)
"""Seconds before each further attempt."""

REQUEST_SECONDS = 10.0
"""How long one request to BigQuery may take; the statement goes on meanwhile."""

Parameter = datetime | str | Sequence[str]
"""What a statement's parameter can be: TIMESTAMP, STRING or ARRAY<STRING>."""


class StatementFailed(Exception):
    """A statement did not succeed at any attempt; what it was to change may be changed or not.

    Args:
        statement: its file's name without the ending.
        kind: the client's type of error.
    """

    def __init__(self, statement: str, kind: str) -> None:
        super().__init__(f"{statement}: {kind}")
        self.statement = statement


class Statements:
    """Runs statements, one at a time.

    Args:
        folder: of ``sql/`` that has them.
        open_client: opens the client, at the first use: the library is slow to import.
        variables: of the files, see `functions.warehouse.Warehouse.variables`.
        seconds: how long one attempt of a statement may take.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        folder: str,
        open_client: Callable[[], Any],
        variables: Mapping[str, str],
        *,
        seconds: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._folder = SQL / folder
        self._open_client = open_client
        self._variables = variables
        self._seconds = seconds
        self._sleep = sleep
        self._client: Any = None

    async def days(self, name: str, **parameters: Parameter) -> list[datetime]:
        """Run a query that returns days.

        Args:
            name: of the folder's file, without its ending.
            parameters: the query's.

        Raises:
            StatementFailed: it did not succeed.
        """
        return [row[0] for row in await self.rows(name, **parameters)]

    async def rows(self, name: str, **parameters: Parameter) -> list[Any]:
        """Run a query; return its rows, each with its columns by name and by position.

        Args:
            name: of the folder's file, without its ending.
            parameters: the query's.

        Raises:
            StatementFailed: it did not succeed.
        """
        rows, _ = await self._run(name, parameters)
        return rows

    async def change(self, name: str, **parameters: Parameter) -> int:
        """Run a statement that changes rows; return how many it changed.

        Args:
            name: of the folder's file, without its ending.
            parameters: the statement's.

        Raises:
            StatementFailed: it did not succeed.
        """
        _, changed = await self._run(name, parameters)
        return changed

    async def _run(self, name: str, parameters: Mapping[str, Parameter]) -> tuple[list[Any], int]:
        for delay in (*RETRY_DELAYS, None):
            try:
                return await asyncio.to_thread(self._attempt, name, parameters)
            except _failures() as error:
                # Not its message: BigQuery quotes values in some.
                kind = type(error).__name__
                log("WARNING", "statement failed", statement=name, error=kind, again_in=delay)
                if delay is None:
                    raise StatementFailed(name, kind) from error
                await self._sleep(delay)
        raise AssertionError("unreachable")

    def _attempt(self, name: str, parameters: Mapping[str, Parameter]) -> tuple[list[Any], int]:
        from google.cloud.bigquery import QueryJobConfig  # noqa: PLC0415 - slow to import

        if self._client is None:
            self._client = self._open_client()
        sql = render((self._folder / f"{name}.sql").read_text("utf-8"), self._variables)
        given = [_parameter(name, value) for name, value in parameters.items()]
        job = self._client.query(
            sql,
            job_config=QueryJobConfig(query_parameters=given),
            timeout=REQUEST_SECONDS,
            retry=None,
            job_retry=None,
        )
        rows = list(job.result(timeout=self._seconds, retry=None, job_retry=None))
        return rows, job.num_dml_affected_rows or 0


def _parameter(name: str, value: Parameter) -> Any:
    from google.cloud.bigquery import ArrayQueryParameter, ScalarQueryParameter  # noqa: PLC0415

    if isinstance(value, datetime):
        return ScalarQueryParameter(name, "TIMESTAMP", value)
    if isinstance(value, str):
        return ScalarQueryParameter(name, "STRING", value)
    return ArrayQueryParameter(name, "STRING", value)


def _failures() -> tuple[type[Exception], ...]:
    from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415 - slow to import
    from requests.exceptions import RequestException  # noqa: PLC0415

    return GoogleAPIError, RequestException, TimeoutError
