"""Checks with dry runs that the BI views can be queried, and how many bytes a query would read."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from google.api_core.exceptions import GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud.bigquery.retry import DEFAULT_RETRY

from verify.deployment import Cell
from verify.estimates import AT_A_TIME, TIMEOUT_SECONDS, estimate, in_units, judged
from verify.finding import Finding

CHECK = "the view can be queried"

SINCE_YESTERDAY = {
    "received_at": "received_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)",
    "day": "day >= DATE_SUB(CURRENT_DATE(), INTERVAL 1 DAY)",
}
"""The condition that selects the rows since yesterday, by the column that has the time. If a view
has both columns, ``received_at`` is used."""


BEFORE_ALL = {
    "received_at": "received_at >= TIMESTAMP '2020-01-01' AND received_at < TIMESTAMP '2020-01-02'",
    "day": "day = DATE '2020-01-01'",
}
"""The condition that selects a day before the first event, by the same columns. If the condition
prunes partitions, a query reads less for this day than for the last day. `events` reads some bytes
for every day: the column `retry_key` of the open window."""

NEXT_TO_NOTHING, MUCH = 10 * 10**6, 10**9
"""Limits in bytes. A view that reads at most `NEXT_TO_NOTHING` for a day without events prunes
partitions. If a view reads at most `MUCH` for all days, the check cannot tell, and the view
passes."""


def check_views(
    bigquery: Any, cell: Cell, dataset: str, expected: Iterable[str]
) -> Iterator[Finding]:
    """Dry-run a query of each view in a dataset, for one day and for all days.

    Args:
        bigquery: a `google.cloud.bigquery.Client`.
        cell: the cell of the dataset.
        dataset: the name of the dataset.
        expected: the views that this version defines. Other views in the dataset are also checked.
    """
    names = set(expected)
    try:
        listed = bigquery.list_tables(
            f"{cell.project_id}.{dataset}",
            retry=DEFAULT_RETRY.with_timeout(TIMEOUT_SECONDS),
            timeout=TIMEOUT_SECONDS,
        )
        views = {item.table_id for item in listed}
    except NotFound:
        yield Finding(cell.name, CHECK, f"all of {dataset}", "fails", "there is no such dataset")
        return
    except (GoogleAPIError, GoogleAuthError, OSError) as error:
        reason = type(error).__name__
        yield Finding(cell.name, CHECK, f"all of {dataset}", "not checked", reason)
        return
    for name in sorted(names - views):
        yield Finding(cell.name, CHECK, f"{dataset}.{name}", "fails", "it does not exist")
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        yield from threads.map(
            lambda name: check_view(bigquery, cell, f"{dataset}.{name}"), sorted(views)
        )


def check_view(bigquery: Any, cell: Cell, name: str) -> Finding:
    """Dry-run one view, named ``dataset.view``."""
    finding = Finding(cell.name, CHECK, name, "holds")
    return judged(finding, lambda: _measure(bigquery, cell, finding))


def _measure(bigquery: Any, cell: Cell, finding: Finding) -> Finding:
    select = f"SELECT * FROM `{cell.project_id}.{finding.subject}`"  # noqa: S608 - a name that BigQuery gave
    whole = estimate(bigquery, select)
    figures = {"bytes_all": whole.bytes}
    by = next((column for column in SINCE_YESTERDAY if column in whole.columns), None)
    if by is None:
        detail = f"reads {in_units(whole.bytes)}; has no time to filter by"
        return finding._replace(detail=detail, figures=figures)
    day = estimate(bigquery, f"{select} WHERE {SINCE_YESTERDAY[by]}")
    before = estimate(bigquery, f"{select} WHERE {BEFORE_ALL[by]}")
    figures |= {"bytes_day": day.bytes, "bytes_before_all": before.bytes}
    if before.bytes > NEXT_TO_NOTHING and whole.bytes > MUCH and before.bytes >= day.bytes:
        detail = f"a day before the first event reads {in_units(before.bytes)}: {by} does not prune"
        return finding._replace(state="fails", detail=detail, figures=figures)
    detail = f"one day reads {in_units(day.bytes)}, all {in_units(whole.bytes)}"
    return finding._replace(detail=detail, figures=figures)
