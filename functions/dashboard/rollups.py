"""Reads the rollups: the queries of ``sql/dashboard/``, which know no other tables."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, NamedTuple

# Slow to import, but every page needs it: so it is imported at the start, not at the first page.
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter
from google.cloud.bigquery.enums import QueryApiMethod
from requests.exceptions import RequestException

from functions.log import log
from functions.warehouse import SQL, render

CONCURRENT_QUERIES = 8
"""The client library blocks, so each query takes a thread."""

Row = Mapping[str, Any]


class QueriesFailed(Exception):
    """A query did not succeed, so there is nothing to show.

    Args:
        query: its file's name without the ending.
        kind: the client's type of error.
    """


class Rows(NamedTuple):
    """What the queries of one page return, by query: see the files."""

    daily: Sequence[Row]
    people: Sequence[Row]
    rooms: Sequence[Row]
    cohorts: Sequence[Row]
    synchronised: Sequence[Row]


class Rollups:
    """Runs the queries, all at a time.

    Args:
        open_client: opens BigQuery's client, at the first use: the library is slow to import.
        variables: of the files, see `functions.warehouse.Warehouse.variables`.
        seconds: how long a query may take.
    """

    def __init__(
        self, open_client: Callable[[], Any], variables: Mapping[str, str], *, seconds: float
    ) -> None:
        self._open_client = open_client
        self._texts = {
            name: render((SQL / "dashboard" / f"{name}.sql").read_text("utf-8"), variables)
            for name in Rows._fields
        }
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(CONCURRENT_QUERIES, thread_name_prefix="queries")
        self._client: Any = None

    async def read(self, project: str, first: date, last: date, first_week: date) -> Rows:
        """Return the rows of a stretch of days.

        Args:
            project: the partner's.
            first: the first UTC day.
            last: the last UTC day.
            first_week: the Monday from which on cohorts are told.

        Raises:
            QueriesFailed: one of the queries did not succeed.
        """
        given: dict[str, tuple[str, str | date]] = {
            "project": ("STRING", project),
            "last": ("DATE", last),
        }
        loop = asyncio.get_running_loop()
        if self._client is None:
            self._client = await loop.run_in_executor(self._threads, self._open_client)
        queries = [
            loop.run_in_executor(
                self._threads,
                self._run,
                name,
                given | {"first": ("DATE", first_week if name == "cohorts" else first)},
            )
            for name in Rows._fields
        ]
        return Rows(*await asyncio.gather(*queries))

    def _run(self, name: str, given: Mapping[str, tuple[str, str | date]]) -> list[Row]:
        sql = self._texts[name]
        parameters = [
            ScalarQueryParameter(key, kind, value)
            for key, (kind, value) in given.items()
            if f"@{key}" in sql
        ]
        try:
            job = self._client.query(
                sql,
                job_config=QueryJobConfig(query_parameters=parameters),
                api_method=QueryApiMethod.QUERY,  # one request where the answer is quick
                timeout=self._seconds,
                retry=None,
                job_retry=None,
            )
            found = job.result(timeout=self._seconds, retry=None, job_retry=None)
            return [dict(row.items()) for row in found]
        except (GoogleAPIError, GoogleAuthError, RequestException, TimeoutError) as error:
            kind = type(error).__name__
            log("ERROR", "dashboard query failed", query=name, error=kind)
            raise QueriesFailed(name, kind) from error
