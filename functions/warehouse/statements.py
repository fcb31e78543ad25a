"""Runs the statements of a folder of ``sql/`` in BigQuery.

Each of them can be repeated without harm: two runs that meet leave what one would. A run has an id
of its own, and each attempt of it is one job. Another attempt begins only once BigQuery has said
that the job before ended in an error; see `functions.warehouse.jobs`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from datetime import datetime
from typing import Any, NamedTuple

import uuid_utils

from functions.observe.log import log
from functions.warehouse.jobs import JobFailed, Jobs, JobUnfinished
from functions.warehouse.parameters import Parameter, query_parameters
from functions.warehouse.schema import SQL, render

RETRY_DELAYS = (1.0, 4.0, 16.0)
"""Seconds before each further attempt. BigQuery runs two changes of a table at a time, queues
twenty, refuses more, and lets one of two fail that meet in the same rows."""


class Limits(NamedTuple):
    """What keeps the statements of one function within bounds.

    Attributes:
        changes: admits statements that change rows, so that those of all instances find a place in
            BigQuery's queue.
        bytes: the most that one attempt of a statement should bill.
        stops: whether BigQuery refuses a statement that would bill more. Where it does not, a line
            tells afterwards that one did: an erasure that is due may not wait for its price.
    """

    changes: asyncio.Semaphore
    bytes: int
    stops: bool


class StatementFailed(Exception):
    """A statement did not succeed at any attempt; what it was to change may be changed or not.

    Args:
        statement: its file's name without the ending.
        kind: BigQuery's reason, such as ``backendError``; ``stopped`` where it was cancelled,
            ``unfinished`` where it may still run, ``noTime`` where it was not begun.
    """

    def __init__(self, statement: str, kind: str) -> None:
        super().__init__(f"{statement}: {kind}")
        self.statement = statement
        self.kind = kind


class Statements:
    """Runs statements, any number at a time.

    Args:
        folder: of ``sql/`` that has them.
        open_client: opens the client, at the first use: the library is slow to import.
        variables: of the files, see `functions.warehouse.schema.Warehouse.variables`.
        service: the function that runs them; a label of the jobs.
        seconds: how long a statement may take, all attempts and pauses together. What has not ended
            by then is cancelled, which may take `functions.warehouse.jobs.CANCEL_SECONDS` more.
        limits: shared by all statements of a function; None for none.
        clock: seconds, monotonic.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        folder: str,
        open_client: Callable[[], Any],
        variables: Mapping[str, str],
        *,
        seconds: float,
        service: str = "",
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._folder = SQL / folder
        self._variables = variables
        self._seconds = seconds
        self._service = service or folder
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._jobs = Jobs(open_client, clock=clock, sleep=sleep)

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
        until = self._clock() + self._seconds
        job = await self._run(name, parameters, until)
        try:
            return await self._jobs.rows(job, until)
        except JobFailed as failure:
            log("WARNING", "statement failed", statement=name, error=failure.reason)
            raise StatementFailed(name, failure.reason) from None

    async def change(self, name: str, **parameters: Parameter) -> int:
        """Run a statement that changes rows; return how many it changed.

        Args:
            name: of the folder's file, without its ending.
            parameters: the statement's.

        Raises:
            StatementFailed: it did not succeed.
        """
        until = self._clock() + self._seconds
        async with self._limits.changes if self._limits else nullcontext():
            job = await self._run(name, parameters, until)
        changed: int | None = job.num_dml_affected_rows
        return changed or 0

    async def _run(self, name: str, parameters: Mapping[str, Parameter], until: float) -> Any:
        """Return the job that succeeded."""
        sql = self._text(name)
        run = uuid_utils.uuid7()
        for attempt, delay in enumerate((*RETRY_DELAYS, None), 1):
            if self._clock() >= until:  # others were changing rows all the time
                raise StatementFailed(name, "noTime")
            job_id = f"{self._service}-{name}-{run}-{attempt}"
            config = self._config(name, parameters, until - self._clock())
            try:
                job = await self._jobs.run(job_id, sql, config, until)
            except JobUnfinished:
                log("ERROR", "statement may still run", statement=name, job=job_id)
                raise StatementFailed(name, "unfinished") from None
            except JobFailed as failure:
                again = delay if failure.is_transient and self._has(delay, until) else None
                fields = {"statement": name, "error": failure.reason, "job": job_id}
                log("WARNING", "statement failed", **fields, again_in=again)
                if again is None:
                    raise StatementFailed(name, failure.reason) from None
                await self._sleep(again)
            else:
                self._watch(name, job_id, job)
                return job
        raise AssertionError("unreachable")

    def _text(self, name: str) -> str:
        return render((self._folder / f"{name}.sql").read_text("utf-8"), self._variables)

    def _has(self, delay: float | None, until: float) -> bool:
        """Say whether there is time for a pause and an attempt after it."""
        return delay is not None and self._clock() + delay < until

    def _config(self, name: str, parameters: Mapping[str, Parameter], seconds: float) -> Any:
        from google.cloud.bigquery import QueryJobConfig  # noqa: PLC0415 - slow to import

        config = QueryJobConfig(
            query_parameters=query_parameters(self._folder.name, name, parameters),
            labels={"function": self._service, "statement": name},
            job_timeout_ms=int(seconds * 1_000),
        )
        if self._limits is not None and self._limits.stops:
            config.maximum_bytes_billed = self._limits.bytes
        return config

    def _watch(self, name: str, job_id: str, job: Any) -> None:
        billed = job.total_bytes_billed or 0
        if self._limits is not None and billed > self._limits.bytes:
            log(
                "ERROR",
                "statement billed too much",
                statement=name,
                job=job_id,
                bytes=billed,
                limit=self._limits.bytes,
            )
