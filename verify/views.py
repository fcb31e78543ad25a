"""What queries on the BI views would read: asked of BigQuery by dry runs, which cost nothing."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from google.api_core.exceptions import BadRequest, GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud.bigquery import QueryJobConfig
from google.cloud.bigquery.retry import DEFAULT_RETRY

from verify.deployment import Cell
from verify.finding import Finding

CHECK = "the view can be queried"
TIMEOUT_SECONDS = 30
AT_A_TIME = 8

SINCE_YESTERDAY = {
    "received_at": "received_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)",
    "day": "day >= DATE_SUB(CURRENT_DATE(), INTERVAL 1 DAY)",
}
"""How a view is asked for one day, by the column that it has; the first that fits."""


class Estimate(NamedTuple):
    """A dry run's answer: bytes that the query would read, and its result's columns."""

    bytes: int
    columns: tuple[str, ...]


def check_views(
    bigquery: Any, cell: Cell, dataset: str, expected: Iterable[str]
) -> Iterator[Finding]:
    """Dry-run every view of a dataset, over one day and over all.

    Args:
        bigquery: a `google.cloud.bigquery.Client`.
        cell: of the dataset.
        dataset: its name.
        expected: the views that this version has; others that are there are asked as well.
    """
    names = set(expected)
    try:
        listed = bigquery.list_tables(
            f"{cell.project_id}.{dataset}",
            retry=DEFAULT_RETRY.with_timeout(TIMEOUT_SECONDS),
            timeout=TIMEOUT_SECONDS,
        )
        found = {item.table_id for item in listed}
    except NotFound:
        yield Finding(cell.name, CHECK, f"all of {dataset}", "fails", "there is no such dataset")
        return
    except (GoogleAPIError, GoogleAuthError, OSError) as error:
        reason = type(error).__name__
        yield Finding(cell.name, CHECK, f"all of {dataset}", "not checked", reason)
        return
    for name in sorted(names - found):
        yield Finding(cell.name, CHECK, f"{dataset}.{name}", "fails", "it does not exist")
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        yield from threads.map(
            lambda name: check_view(bigquery, cell, f"{dataset}.{name}"), sorted(found)
        )


def check_view(bigquery: Any, cell: Cell, name: str) -> Finding:
    """Dry-run one view, named ``dataset.view``."""
    select = f"SELECT * FROM `{cell.project_id}.{name}`"  # noqa: S608 - a name that BigQuery gave
    finding = Finding(cell.name, CHECK, name, "holds")
    try:
        whole = _dry_run(bigquery, select)
        filters = [text for column, text in SINCE_YESTERDAY.items() if column in whole.columns]
        day = _dry_run(bigquery, f"{select} WHERE {filters[0]}") if filters else None
    except (BadRequest, NotFound) as error:
        return finding._replace(state="fails", detail=_first_line(error))
    except (GoogleAPIError, GoogleAuthError, OSError) as error:
        return finding._replace(state="not checked", detail=type(error).__name__)
    if day is None:
        return finding._replace(
            detail=f"reads {in_units(whole.bytes)}; has no time to filter by",
            figures={"bytes_all": whole.bytes},
        )
    return finding._replace(
        detail=f"one day reads {in_units(day.bytes)}, all {in_units(whole.bytes)}",
        figures={"bytes_day": day.bytes, "bytes_all": whole.bytes},
    )


def _dry_run(bigquery: Any, sql: str) -> Estimate:
    job = bigquery.query(
        sql,
        job_config=QueryJobConfig(dry_run=True, use_query_cache=False),
        retry=DEFAULT_RETRY.with_timeout(TIMEOUT_SECONDS),
        job_retry=None,
        timeout=TIMEOUT_SECONDS,
    )
    return Estimate(job.total_bytes_processed, tuple(field.name for field in job.schema or ()))


def _first_line(error: GoogleAPIError) -> str:
    return str(getattr(error, "message", "") or error).splitlines()[0]


def in_units(count: int) -> str:
    """Write a number of bytes as BigQuery bills them, in binary units: ``1.5 GiB``."""
    size, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{size:.0f} {units[0]}" if units[0] == "B" or size >= 100 else f"{size:.1f} {units[0]}"
