"""Runs query jobs in BigQuery: starts each job once, waits for it, and cancels it when time is up.

We choose the id of each job. So a request that got no answer can be sent again unchanged: either it
starts the job, or BigQuery answers 409 because the job exists. The same job never runs twice
(https://cloud.google.com/bigquery/docs/running-jobs#generate-jobid).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

REQUEST_SECONDS = 10.0
"""The time limit of one request to BigQuery in seconds; the job itself may take longer."""

CANCEL_SECONDS = 15.0
"""The maximum seconds to wait until a cancelled job has ended."""

PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
"""The pauses in seconds between requests about a job; the last pause is repeated."""

HOPELESS = frozenset(
    {
        "accessDenied",
        "billingNotEnabled",
        "billingTierLimitExceeded",
        "blocked",
        "bytesBilledLimitExceeded",
        "invalid",
        "invalidQuery",
        "notImplemented",
        "policyViolation",
        "required",
        "responseTooLarge",
        "stopped",
    }
)
"""BigQuery's reasons for errors after which a retry would also fail
(https://cloud.google.com/bigquery/docs/error-messages).

After ``notFound``, a retry may succeed: Terraform deletes a view before it creates the new version.
"""

UNKNOWN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
"""HTTP statuses below 500 after which the same request can be sent again."""

CONFLICTS = ("concurrent update", "Could not serialize access")
"""BigQuery reports a conflict of two changes of the same rows as ``invalidQuery``, with one of
these texts in the message. After a conflict, a retry may succeed."""


class JobFailed(Exception):
    """A job failed and changed nothing, or the rows of a finished job cannot be fetched.

    The exception's message is BigQuery's reason. BigQuery's own message is dropped, because some
    messages quote values.

    Args:
        reason: BigQuery's reason, such as ``rateLimitExceeded``, or the name of an error's type.
        is_transient: whether another job with the same statement may succeed.
    """

    def __init__(self, reason: str, *, is_transient: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_transient = is_transient


class JobUnfinished(Exception):
    """Time is up, and the job may still be running and may change rows.

    The job has a ``jobTimeoutMs``, but BigQuery does not guarantee that a job stops then.
    """


class Jobs:
    """Runs query jobs, any number at a time. No thread waits while a job runs.

    Args:
        open_client: opens the client when it is first needed, because the library imports slowly.
        clock: returns monotonic seconds.
        sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        open_client: Callable[[], Any],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._open_client = open_client
        self._clock = clock
        self._sleep = sleep
        self._client: Any = None

    async def run(self, job_id: str, sql: str, config: Any, until: float) -> Any:
        """Run a job to its end.

        Args:
            job_id: a unique id: at most 1,024 letters, digits, ``_`` and ``-``.
            sql: the statement.
            config: a `google.cloud.bigquery.QueryJobConfig`.
            until: when to give up: a time of the monotonic clock in seconds, not a duration.

        Returns:
            The `google.cloud.bigquery.QueryJob` that succeeded.

        Raises:
            JobFailed: BigQuery refused to start the job, or the job ended in an error or was
                cancelled.
            JobUnfinished: the job may still be running.
        """
        job = await self._begin(job_id, sql, config, until)
        if job is not None:
            job = await self._wait(job, job_id, until)
        if job is None:
            job = await self._cancel(job_id)
        if job is None:
            raise JobUnfinished
        if job.error_result:
            raise _failure(job.error_result)
        return job

    async def rows(self, job: Any, until: float) -> list[Any]:
        """Fetch the rows of a job that succeeded.

        Args:
            job: a job that `run` returned.
            until: when to give up: a time of the monotonic clock in seconds, not a duration.

        Raises:
            JobFailed: the rows cannot be fetched.
        """

        def fetch() -> list[Any]:
            return list(job.result(timeout=REQUEST_SECONDS, retry=None, job_retry=None))

        looks = 0
        while True:
            try:
                return await asyncio.to_thread(fetch)
            except _failures() as error:
                failure = _refusal(error) or JobFailed(type(error).__name__, is_transient=True)
            if not failure.is_transient or self._clock() >= until:
                raise failure
            looks = await self._pause(looks, until)

    async def _begin(self, job_id: str, sql: str, config: Any, until: float) -> Any:
        """Start a job and return it; None if no request succeeded in time."""

        def insert() -> Any:
            from google.api_core.exceptions import Conflict  # noqa: PLC0415 - slow to import

            try:
                return self._client.query(
                    sql,
                    job_config=config,
                    job_id=job_id,
                    timeout=REQUEST_SECONDS,
                    retry=None,
                    job_retry=None,
                )
            except Conflict:
                return None

        if self._client is None:
            self._client = await asyncio.to_thread(self._open_client)
        looks = 0
        while True:
            try:
                job = await asyncio.to_thread(insert) or await self._look("get_job", job_id)
            except _failures() as error:
                job = None
                if failure := _refusal(error):
                    raise failure from None
            if job is not None or self._clock() >= until:
                return job
            looks = await self._pause(looks, until)

    async def _wait(self, job: Any, job_id: str, until: float) -> Any:
        """Wait for a job and return it; None if it did not end in time."""
        looks = 0
        while job.state != "DONE":
            if self._clock() >= until:
                return None
            looks = await self._pause(looks, until)
            job = await self._look("get_job", job_id) or job
        return job

    async def _cancel(self, job_id: str) -> Any:
        """Cancel a job, wait until it has ended, and return it; None if it did not end in time."""
        until = self._clock() + CANCEL_SECONDS
        looks, cancelled = 0, False
        while True:
            job = await self._look("get_job" if cancelled else "cancel_job", job_id)
            cancelled = cancelled or job is not None
            if job is not None and job.state == "DONE":
                return job
            if self._clock() >= until:
                return None
            looks = await self._pause(looks, until)

    async def _look(self, method: str, job_id: str) -> Any:
        """Get or cancel a job with one request, and return the job; None if the request failed."""
        ask = getattr(self._client, method)
        try:
            return await asyncio.to_thread(
                ask, job_id, location=self._client.location, retry=None, timeout=REQUEST_SECONDS
            )
        except _failures():
            return None

    async def _pause(self, looks: int, until: float) -> int:
        pause = PAUSES[min(looks, len(PAUSES) - 1)]
        await self._sleep(max(0.0, min(pause, until - self._clock())))
        return looks + 1


def _failure(error: Any) -> JobFailed:
    """Convert an error in BigQuery's response to an exception."""
    reason = str(error.get("reason", "")) or "unknown"
    met = any(text in str(error.get("message", "")) for text in CONFLICTS)
    return JobFailed(reason, is_transient=met or reason not in HOPELESS)


def _refusal(error: Exception) -> JobFailed | None:
    """Convert the error of a request to an exception; None if the request can be sent again."""
    code = getattr(error, "code", None)
    if code is None or code >= HTTPStatus.INTERNAL_SERVER_ERROR or code in UNKNOWN:
        return None
    details = getattr(error, "errors", None) or [{}]
    detail = details[0] if isinstance(details[0], dict) else {}
    given = {"reason": type(error).__name__, "message": str(error)}
    return _failure(given | detail)


def _failures() -> tuple[type[Exception], ...]:
    from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415 - slow to import
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
    from requests.exceptions import RequestException  # noqa: PLC0415

    return GoogleAPIError, GoogleAuthError, RequestException, TimeoutError
