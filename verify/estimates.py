"""Dry runs: BigQuery estimates how many bytes a statement would read. A dry run costs nothing."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from google.api_core.exceptions import BadRequest, GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud.bigquery import QueryJobConfig
from google.cloud.bigquery.retry import DEFAULT_RETRY

from verify.finding import Finding

TIMEOUT_SECONDS = 30
AT_A_TIME = 8
"""The maximum number of concurrent dry runs."""


class Estimate(NamedTuple):
    """The result of a dry run.

    Attributes:
        bytes: the number of bytes that the statement would read.
        columns: the names of the columns that the statement would return.
    """

    bytes: int
    columns: tuple[str, ...]


def estimate(bigquery: Any, sql: str, parameters: Sequence[Any] = ()) -> Estimate:
    """Dry-run a statement.

    Args:
        bigquery: a `google.cloud.bigquery.Client`.
        sql: the text of the statement.
        parameters: the parameters of the statement, in the form that the client takes.

    Raises:
        BadRequest, NotFound: BigQuery refuses the statement.
        GoogleAPIError, GoogleAuthError, OSError: BigQuery did not answer, or the operator lacks a
            permission.
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
    """Return the finding of `judge`; if a dry run fails, return `finding` with the reason."""
    try:
        return judge()
    except (BadRequest, NotFound) as error:
        return finding._replace(state="fails", detail=_first_line(error))
    except (GoogleAPIError, GoogleAuthError, OSError) as error:
        return finding._replace(state="not checked", detail=type(error).__name__)


def _first_line(error: GoogleAPIError) -> str:
    return str(getattr(error, "message", "") or error).splitlines()[0]


def in_units(count: int) -> str:
    """Format a number of bytes in binary units, which BigQuery uses for bills: ``1.5 GiB``."""
    size, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{size:.0f} {units[0]}" if units[0] == "B" or size >= 100 else f"{size:.1f} {units[0]}"
