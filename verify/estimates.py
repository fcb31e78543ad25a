"""Dry runs: what a statement would read, asked of BigQuery, which costs nothing."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from google.api_core.exceptions import BadRequest, GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud.bigquery import QueryJobConfig
from google.cloud.bigquery.retry import DEFAULT_RETRY

from verify.finding import Finding

TIMEOUT_SECONDS = 30
AT_A_TIME = 8
"""Dry runs at a time."""


class Estimate(NamedTuple):
    """A dry run's answer: bytes that the query would read, and its result's columns."""

    bytes: int
    columns: tuple[str, ...]


def estimate(bigquery: Any, sql: str, parameters: Sequence[Any] = ()) -> Estimate:
    """Dry-run a statement.

    Args:
        bigquery: a `google.cloud.bigquery.Client`.
        sql: its text.
        parameters: as the client takes them.

    Raises:
        BadRequest, NotFound: BigQuery refuses it.
        GoogleAPIError, GoogleAuthError, OSError: it did not answer, or one may not ask.
    """
    job = bigquery.query(
        sql,
        job_config=QueryJobConfig(
            dry_run=True, use_query_cache=False, query_parameters=list(parameters)
        ),
        retry=DEFAULT_RETRY.with_timeout(TIMEOUT_SECONDS),
        job_retry=None,
        timeout=TIMEOUT_SECONDS,
    )
    columns = tuple(field.name for field in job.schema or ())
    return Estimate(job.total_bytes_processed or 0, columns)


def judged(finding: Finding, judge: Callable[[], Finding]) -> Finding:
    """Return what dry runs come to; the finding itself, told why, where they are refused."""
    try:
        return judge()
    except (BadRequest, NotFound) as error:
        return finding._replace(state="fails", detail=_first_line(error))
    except (GoogleAPIError, GoogleAuthError, OSError) as error:
        return finding._replace(state="not checked", detail=type(error).__name__)


def _first_line(error: GoogleAPIError) -> str:
    return str(getattr(error, "message", "") or error).splitlines()[0]


def in_units(count: int) -> str:
    """Write a number of bytes as BigQuery bills them, in binary units: ``1.5 GiB``."""
    size, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{size:.0f} {units[0]}" if units[0] == "B" or size >= 100 else f"{size:.1f} {units[0]}"
