"""Runs the statements of a folder in ``sql/`` in BigQuery.

Each statement is idempotent: two runs, even concurrent ones, have the same result as one run. Each
run has its own id, and each attempt of a run is one job. The next attempt starts only after
BigQuery has reported that the previous job ended in an error (`functions.warehouse.jobs`).
"""

import asyncio
import copy
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import nullcontext
from datetime import datetime
from typing import Any, NamedTuple, Self

import uuid_utils

from functions.observe.log import log
from functions.warehouse.jobs import JobFailed, Jobs, JobUnfinished
from functions.warehouse.parameters import Parameter, query_parameters
from functions.warehouse.schema import SQL, render

RETRY_DELAYS = (1.0, 4.0, 16.0)
"""The pauses in seconds between attempts. An attempt fails, for example, if too many changes of a
table wait (BigQuery runs two and queues twenty), or if another change affects the same rows."""

RESERVED_SHARE = 0.5
"""The share of a statement's time limit that its attempt in a reservation may take. The rest is
left for an attempt at the on-demand price, which may use more slots."""


class Reservation(NamedTuple):
    """A reservation of BigQuery slots, and the statements that are cheaper there than on demand.

    Only the first attempt of a statement runs in the reservation. All later attempts run at the
    on-demand price. So a reservation that is missing, forbidden or too small makes a statement more
    expensive, but does not prevent it.

    Attributes:
        name: the full name, ``projects/P/locations/L/reservations/R``. The location must be that of
            the datasets.
        statements: the names of the statements that run in the reservation.
    """

    name: str
    statements: Collection[str]


class Limits(NamedTuple):
    """The limits of one function's statements.

    Attributes:
        changes: limits the concurrent changes of an instance, so that the changes of all instances
            fit into BigQuery's queue.
        bytes: the maximum bytes that BigQuery should bill for one attempt of a statement.
        stops: True if BigQuery must refuse a statement that would bill more. False if the
            statement must run anyway, and a log line reports the bytes: cost must not delay a due
            erasure.
        reservation: the reservation for some of the statements; None if all statements run at the
            on-demand price.
    """

    changes: asyncio.Semaphore
    bytes: int
    stops: bool
    reservation: Reservation | None = None


class StatementFailed(Exception):
    """All attempts of a statement failed. It is unknown whether the statement changed rows.

    Args:
        statement: the name of the statement's file, without its ending.
        kind: BigQuery's reason, such as ``backendError``; ``stopped`` if the job was cancelled,
            ``unfinished`` if it may still be running, ``noTime`` if no time was left to start it.
    """

    def __init__(self, statement: str, kind: str) -> None:
        super().__init__(f"{statement}: {kind}")
        self.statement = statement
        self.kind = kind


class Statements:
    """Runs the statements of one folder, any number at a time.

    Args:
        folder: the folder in ``sql/`` that contains the statements.
        open_client: opens the client when it is first needed, because the library imports slowly.
        variables: the values of the variables in the files, from
            `functions.warehouse.schema.Warehouse.variables`.
        service: the name of the function, for the ids and labels of jobs; by default, the folder.
        seconds: the time limit of a statement in seconds, including all attempts and pauses. When
            the time is up, the job is cancelled, which may take another
            `functions.warehouse.jobs.CANCEL_SECONDS`.
        limits: the limits for the statements of the function; None for no limits.
        clock: returns monotonic seconds.
        sleep: waits for a number of seconds.
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

    def within(self, seconds: float) -> Self:
        """Return the same statements with a shorter time limit.

        Args:
            seconds: the time limit of a statement in seconds, if it is shorter than the limit of
                these statements. If it is 0 or less, every statement fails.
        """
        limited = copy.copy(self)
        limited._seconds = min(self._seconds, seconds)  # noqa: SLF001 - of the same class
        return limited

    async def days(self, name: str, **parameters: Parameter) -> list[datetime]:
        """Run a query whose first column has days; return the first moment (UTC) of each day.

        Args:
            name: the name of the query's file, without its ending.
            parameters: the values of the query's parameters.

        Raises:
            StatementFailed: the query failed.
        """
        return [row[0] for row in await self.rows(name, **parameters)]

    async def rows(self, name: str, **parameters: Parameter) -> list[Any]:
        """Run a query and return its rows; ``row[name]`` and ``row[position]`` give a column.

        Args:
            name: the name of the query's file, without its ending.
            parameters: the values of the query's parameters.

        Raises:
            StatementFailed: the query failed.
        """
        until = self._clock() + self._seconds
        job = await self._run(name, parameters, until)
        try:
            return await self._jobs.rows(job, until)
        except JobFailed as failure:
            log("WARNING", "statement failed", statement=name, error=failure.reason)
            raise StatementFailed(name, failure.reason) from None

    async def change(self, name: str, **parameters: Parameter) -> int:
        """Run a statement that changes rows; return the number of changed rows.

        Args:
            name: the name of the statement's file, without its ending.
            parameters: the values of the statement's parameters.

        Raises:
            StatementFailed: the statement failed.
        """
        until = self._clock() + self._seconds
        async with self._limits.changes if self._limits else nullcontext():
            job = await self._run(name, parameters, until)
        changed: int | None = job.num_dml_affected_rows
        return changed or 0

    async def _run(self, name: str, parameters: Mapping[str, Parameter], until: float) -> Any:
        """Run a statement and return the job that succeeded."""
        sql = self._text(name)
        run = uuid_utils.uuid7()
        for attempt, delay in enumerate((*RETRY_DELAYS, None), 1):
            left = until - self._clock()
            if left <= 0:  # the wait for other changes took all of the time
                raise StatementFailed(name, "noTime")
            job_id = f"{self._service}-{name}-{run}-{attempt}"
            reservation = self._reservation_of(name) if attempt == 1 else None
            seconds = left * RESERVED_SHARE if reservation else left
            config = self._config(name, parameters, seconds, reservation)
            try:
                job = await self._jobs.run(job_id, sql, config, until - (left - seconds))
            except JobUnfinished:
                log("ERROR", "statement may still run", statement=name, job=job_id)
                raise StatementFailed(name, "unfinished") from None
            except JobFailed as failure:
                may_succeed = failure.is_transient or reservation is not None
                again = delay if may_succeed and self._has(delay, until) else None
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

    def _reservation_of(self, name: str) -> str | None:
        """Return the full name of the statement's reservation; None for the on-demand price."""
        reservation = self._limits.reservation if self._limits else None
        return reservation.name if reservation and name in reservation.statements else None

    def _has(self, delay: float | None, until: float) -> bool:
        """Return whether there is time for a pause and another attempt."""
        return delay is not None and self._clock() + delay < until

    def _config(
        self,
        name: str,
        parameters: Mapping[str, Parameter],
        seconds: float,
        reservation: str | None,
    ) -> Any:
        from google.cloud.bigquery import QueryJobConfig  # noqa: PLC0415 - slow to import

        config = QueryJobConfig(
            query_parameters=query_parameters(self._folder.name, name, parameters),
            labels={"function": self._service, "statement": name},
            job_timeout_ms=int(seconds * 1_000),
        )
        if self._limits is not None and self._limits.stops:
            config.maximum_bytes_billed = self._limits.bytes
        if reservation is not None:
            config.reservation = reservation
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
