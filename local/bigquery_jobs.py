"""The jobs of the BigQuery stand-in, with the states and the limits of the real service.

The package runs a query while the request waits, and accepts any job id. This module replaces its
routes for jobs by routes that follow the real service:

* a job is found by its id and location; a second job with the same id is answered with 409;
* a job is PENDING, RUNNING, then DONE; a request for its rows waits for them up to ``timeoutMs``;
* ``jobs.cancel`` and the end of ``jobTimeoutMs`` stop a PENDING job, but not a RUNNING one, because
  DuckDB cannot interrupt it;
* at most 2 UPDATE, DELETE and MERGE statements run on a table, and 20 wait; the next one fails;
* at most 25 INSERT, UPDATE, DELETE and MERGE statements begin on a table within 10 seconds;
* a job may name a reservation that exists in the job's location (`local.bigquery_reservations`).

Sources: https://cloud.google.com/bigquery/docs/data-manipulation-language (concurrent jobs),
https://cloud.google.com/bigquery/quotas (data manipulation language statements). Google does not
document the error message for more than 25 statements in 10 seconds. Its reason here,
``rateLimitExceeded``, is the one that Google documents for all short-term limits.
"""

import asyncio
import time
import traceback
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

from bqemulator.api.dependencies import get_caller, get_context
from bqemulator.api.routes import jobs as package
from bqemulator.domain.errors import (
    AlreadyExistsError,
    DomainError,
    ErrorDetail,
    InternalError,
    NotFoundError,
)
from bqemulator.jobs import executor
from fastapi import Request

from local import bigquery_reservations

RUNNING, WAITING = 2, 20
"""How many UPDATE, DELETE and MERGE statements of one table may run, and how many may wait."""

RATE, RATE_SECONDS = 25, 10.0
"""How many statements that change rows of one table may begin, and in how many seconds."""

QUICK_SECONDS = 0.05
"""How long the answer to ``jobs.insert`` waits for the end of the job."""

RESULT_MILLISECONDS = 10_000
"""How long a request for rows waits if it has no ``timeoutMs``."""

MUTATING = frozenset({"UPDATE", "DELETE", "MERGE"})
CHANGING = MUTATING | {"INSERT"}

CANCELLED = "Job execution was cancelled: User requested cancellation"


class Stopped(DomainError):
    """A job was cancelled, or its time limit was over."""

    http_status = 499
    bq_reason = "stopped"


class Failed(DomainError):
    """A job ended because its statement failed."""

    http_status = 400


class TooManyWaiting(DomainError):
    """A table's queue is full."""

    http_status = 400
    bq_reason = "resourcesExceeded"


class TooManyBegun(DomainError):
    """Too many statements changed a table in a short time."""

    http_status = 403
    bq_reason = "rateLimitExceeded"


@dataclass(slots=True)
class _Table:
    outstanding: int = 0
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(RUNNING))
    begun: deque[float] = field(default_factory=deque)


class Tables:
    """Decides which statements may change tables now.

    Args:
        rate: how many statements may begin on a table within `RATE_SECONDS`; 0 for any number.
        clock: returns the time in seconds; it never goes back.
    """

    def __init__(self, rate: int = RATE, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._tables: dict[str, _Table] = defaultdict(_Table)

    def admit(self, kind: str, table: str) -> Callable[[], None]:
        """Count a statement of a table as begun; return a function to call when it has ended.

        Raises:
            TooManyBegun: too many statements of the table have begun within `RATE_SECONDS`.
            TooManyWaiting: too many statements of the table are waiting or running.
        """
        table_jobs, now = self._tables[table], self._clock()
        while table_jobs.begun and table_jobs.begun[0] <= now - RATE_SECONDS:
            table_jobs.begun.popleft()
        if self._rate and len(table_jobs.begun) >= self._rate:
            raise TooManyBegun(
                f"Exceeded rate limits: too many table dml {kind.lower()} operations for this table"
            )
        if kind not in MUTATING:
            table_jobs.begun.append(now)
            return lambda: None
        if table_jobs.outstanding >= RUNNING + WAITING:
            raise TooManyWaiting(
                "Resources exceeded during query execution: Too many DML statements outstanding "
                f"against table {table}, limit is {WAITING}"
            )
        table_jobs.begun.append(now)
        table_jobs.outstanding += 1

        def leave() -> None:
            table_jobs.outstanding -= 1

        return leave

    def places(self, kind: str, table: str) -> asyncio.Semaphore:
        """Return the semaphore that a statement of a table holds while it runs."""
        return self._tables[table].places if kind in MUTATING else asyncio.Semaphore()


@dataclass(slots=True, eq=False)
class Job:
    """A job that was inserted since this process started.

    Attributes:
        reference: project, id and location, with the names that the API gives them.
        configuration: the member ``configuration`` of the request.
        created: when the request came, in milliseconds since the epoch.
        state: PENDING, RUNNING or DONE.
        error: why the job failed, or None.
        answer: the resource that the package returns once the job has ended.
        task: the task that runs the job.
    """

    reference: dict[str, str]
    configuration: dict[str, Any]
    created: int
    state: str = "PENDING"
    error: DomainError | None = None
    answer: dict[str, Any] = field(default_factory=dict)
    task: "asyncio.Task[None] | None" = None

    def resource(self) -> dict[str, Any]:
        """Return the job as a resource of the API."""
        shown = {
            "kind": "bigquery#job",
            "id": "{projectId}:{location}.{jobId}".format(**self.reference),
            "configuration": self.configuration,
            "statistics": {"creationTime": str(self.created)},
            "status": {"state": self.state},
            **self.answer,
            "jobReference": self.reference,
        }
        if self.error is not None:
            error = {"reason": self.error.bq_reason, "message": self.error.message}
            shown["status"] = {"state": self.state, "errorResult": error}
        return shown

    def failure(self) -> DomainError | None:
        """Return why the job failed, or None."""
        error = self.answer.get("status", {}).get("errorResult")
        if error is None:
            return self.error
        return Failed(error["message"], details=[ErrorDetail(error["reason"], error["message"])])

    async def wait(self, seconds: float) -> bool:
        """Wait for the end of the job; return whether it has ended."""
        if self.task is not None:
            await asyncio.wait({self.task}, timeout=seconds)
        return self.state == "DONE"

    def stop(self, message: str) -> None:
        """End the job, if it is still PENDING."""
        if self.state == "PENDING" and self.task is not None:
            self.state, self.error = "DONE", Stopped(message)
            self.task.cancel()


class Jobs:
    """The jobs of the stand-in.

    Args:
        tables: decides which statements may run.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._jobs: dict[tuple[str, str], Job] = {}

    def begin(
        self,
        reference: dict[str, str],
        configuration: dict[str, Any],
        target: tuple[str, str],
        execute: Callable[[], Awaitable[dict[str, Any]]],
    ) -> Job:
        """Begin a job.

        Args:
            reference: project, id and location.
            configuration: the member ``configuration`` of the request.
            target: the kind of the statement and the table that it changes; "" and "" for a query.
            execute: runs the statement, and returns the package's answer.

        Raises:
            AlreadyExistsError: another job has this id.
        """
        key = (reference["projectId"], reference["jobId"])
        if key in self._jobs:
            raise AlreadyExistsError(f"Already Exists: Job {key[0]}:{key[1]}")
        job = self._jobs[key] = Job(reference, configuration, time.time_ns() // 1_000_000)
        job.task = asyncio.create_task(self._run(job, target, execute))
        if milliseconds := int(configuration.get("jobTimeoutMs") or 0):
            message = f"Job execution was cancelled: Job timed out after {milliseconds / 1_000} sec"
            timer = asyncio.get_running_loop().call_later(milliseconds / 1_000, job.stop, message)
            job.task.add_done_callback(lambda _task: timer.cancel())
        return job

    def find(self, project: str, job_id: str, location: str | None) -> Job | None:
        """Return a job, or None if it was not inserted since this process started.

        Raises:
            NotFoundError: the job is in another location.
        """
        job = self._jobs.get((project, job_id))
        if job is None:
            return None
        own = job.reference["location"]
        if own != location and own not in {"US", "EU"}:
            raise NotFoundError(f"Not found: Job {project}:{job_id}")
        return job

    async def _run(
        self, job: Job, target: tuple[str, str], execute: Callable[[], Awaitable[dict[str, Any]]]
    ) -> None:
        kind, table = target
        try:
            leave = self._tables.admit(kind, table) if kind else lambda: None
        except DomainError as error:
            job.state, job.error = "DONE", error
            return
        try:
            async with self._tables.places(kind, table):
                job.state = "RUNNING"
                job.answer = await execute()
        except DomainError as error:
            job.error = error
        except Exception as error:  # noqa: BLE001 - the real service hides details of such errors
            traceback.print_exc()
            job.error = InternalError(type(error).__name__)
        finally:
            leave()
            job.state = "DONE"


def changed_table(sql: str, project: str) -> tuple[str, str]:
    """Return the kind and the table of a statement that changes rows; "" and "" for others."""
    tree = executor._parse_for_classification(sql)  # noqa: SLF001 - the package runs it that way
    kind = "" if tree is None else executor._classify_parsed_tree(tree)  # noqa: SLF001
    if kind not in CHANGING:
        return "", ""
    targets: Iterable[tuple[str, str, str]] = executor._dml_target_tables(tree, project)  # noqa: SLF001
    for catalog, dataset, table in targets:
        return kind, f"{catalog}:{dataset}.{table}"
    return "", ""


PACKAGE = {
    "query": (package.query, "POST"),
    "insert": (package.insert_job, "POST"),
    "get": (package.get_job, "GET"),
    "cancel": (package.cancel_job, "POST"),
    "rows": (package.get_query_results, "GET"),
}
"""The package's routes that `Routes` replaces, by the name of the method that replaces each."""


class Routes:
    """Answers the API's requests about jobs.

    Args:
        tables: decides which statements may run.
        reservations: the full names of the reservations that jobs may name.
    """

    def __init__(self, tables: Tables, reservations: Collection[str] = ()) -> None:
        self._tables = tables
        self._reservations = reservations
        self._jobs = Jobs(tables)

    def serve(self) -> None:
        """Replace the package's routes by these, in this process."""
        routes: list[Any] = package.router.routes
        for name, (old, method) in PACKAGE.items():
            [route] = [candidate for candidate in routes if candidate.endpoint is old]
            routes.remove(route)
            path = route.path.removeprefix(package.router.prefix)
            package.router.add_api_route(path, getattr(self, name), methods=[method])

    async def insert(self, project_id: str, request: Request) -> dict[str, Any]:
        """``jobs.insert``: begin a job."""
        ctx, body = get_context(request), await request.json()
        execute = partial(package.insert_job, project_id, request, ctx, get_caller(request))
        configuration = body.get("configuration", {})
        if "query" not in configuration or configuration.get("dryRun"):
            return await execute()
        reference = body.setdefault("jobReference", {})  # the package reads it from the same body
        job_id = reference.setdefault("jobId", f"job_{uuid4().hex}")
        if ctx.catalog.get_job(project_id, job_id) is not None:
            raise AlreadyExistsError(f"Already Exists: Job {project_id}:{job_id}")
        location = reference.get("location") or _only_location(ctx, project_id)
        named = configuration.get("reservation") or ""
        bigquery_reservations.check(named, location, self._reservations)
        job = self._jobs.begin(
            {"projectId": project_id, "jobId": job_id, "location": location},
            configuration,
            changed_table(configuration["query"].get("query", ""), project_id),
            execute,
        )
        await job.wait(QUICK_SECONDS)
        return job.resource()

    async def get(self, project_id: str, job_id: str, request: Request) -> dict[str, Any]:
        """``jobs.get``: return a job."""
        job = self._jobs.find(project_id, job_id, request.query_params.get("location"))
        if job is None:
            return package.get_job(project_id, job_id, get_context(request))
        return job.resource()

    async def cancel(self, project_id: str, job_id: str, request: Request) -> dict[str, Any]:
        """``jobs.cancel``: end a job that is still PENDING."""
        job = self._jobs.find(project_id, job_id, request.query_params.get("location"))
        if job is None:
            return package.cancel_job(project_id, job_id, get_context(request))
        job.stop(CANCELLED)
        return {"kind": "bigquery#jobCancelResponse", "job": job.resource()}

    async def rows(self, project_id: str, job_id: str, request: Request) -> dict[str, Any]:
        """``jobs.getQueryResults``: wait for a job, and return its rows."""
        query = request.query_params
        job = self._jobs.find(project_id, job_id, query.get("location"))
        if job is not None:
            if not await job.wait(int(query.get("timeoutMs", RESULT_MILLISECONDS)) / 1_000):
                return {"jobComplete": False, "jobReference": job.reference}
            if failure := job.failure():
                raise failure
        results = package.get_query_results(
            project_id,
            job_id,
            get_context(request),
            maxResults=int(query.get("maxResults", 10_000)),
            startIndex=int(query.get("startIndex", 0)),
            pageToken=query.get("pageToken"),
        )
        return results | ({"jobReference": job.reference} if job else {})

    async def query(self, project_id: str, request: Request) -> dict[str, Any]:
        """``jobs.query``: run a statement while the request waits."""
        kind, table = changed_table((await request.json()).get("query", ""), project_id)
        leave = self._tables.admit(kind, table) if kind else lambda: None
        try:
            async with self._tables.places(kind, table):
                return await package.query(
                    project_id, request, get_context(request), get_caller(request)
                )
        finally:
            leave()


def _only_location(ctx: Any, project: str) -> str:
    """Return the location of a job that names none: that of all datasets, if it is the same."""
    locations = {dataset.location for dataset in ctx.catalog.list_datasets(project)}
    return locations.pop() if len(locations) == 1 else "US"
