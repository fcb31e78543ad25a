"""Runs GoogleSQL against the cell's BI dataset and shows the result."""

import csv
import datetime
import io
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import sqlglot
from google.cloud import bigquery
from rich.console import Console
from rich.table import Table

from local.cell import Cell
from local.clients import ONCE, warehouse

TIMEOUT_SECONDS = 60


class NotAQuery(ValueError):
    """The text is not a single query, so it might change tables."""


def check(sql: str) -> None:
    """Check that a text is a single query, so that it cannot change tables.

    Raises:
        NotAQuery: the text is not a single query, or cannot be parsed.
    """
    try:
        statements = sqlglot.parse(sql, read="bigquery")
    except sqlglot.errors.SqlglotError:
        raise NotAQuery("this is not a query that the stand-in can read") from None
    if len(statements) != 1 or not isinstance(statements[0], sqlglot.exp.Query):
        raise NotAQuery("only one query that begins with SELECT or WITH can be run")


def run(cell: Cell, sql: str) -> bigquery.table.RowIterator:
    """Run a query; names without a dataset mean the BI dataset.

    Raises:
        NotAQuery: the text is not one query.
        google.api_core.exceptions.GoogleAPICallError: BigQuery refuses it.
    """
    check(sql)
    # With the stand-in, query().result() raises SQL errors; query_and_wait() would hide them.
    job = warehouse(cell).query(sql, retry=ONCE, job_retry=None, timeout=TIMEOUT_SECONDS)
    return job.result(retry=ONCE, job_retry=None, timeout=TIMEOUT_SECONDS)


def rows(cell: Cell, sql: str) -> list[dict[str, Any]]:
    """Return a query's rows by column name."""
    return [dict(row) for row in run(cell, sql)]


def as_json(result: Iterable[bigquery.Row]) -> str:
    """Return the rows as a JSON array, with one row on each line."""
    lines = (json.dumps(dict(row), default=_plain, ensure_ascii=False) for row in result)
    return "[" + ",\n ".join(lines) + "]"


def as_csv(columns: Sequence[str], result: Iterable[bigquery.Row]) -> str:
    """Return the rows as CSV (RFC 4180) with a header; records and arrays are JSON in it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([as_text(value) for value in tuple(row)] for row in result)
    return text.getvalue()


def show(
    columns: Sequence[str],
    result: Iterable[Sequence[Any]],
    title: str = "",
    console: Console | None = None,
) -> None:
    """Print rows as a table for people."""
    table = Table(*columns, title=title or None, title_justify="left")
    for values in result:
        table.add_row(*(str(as_text(value)) for value in values))
    (console or Console()).print(table)


def as_text(value: object) -> object:
    """Return the text that a table or CSV shows for a value; JSON for records and arrays."""
    if isinstance(value, dict | list):
        return json.dumps(value, default=_plain, ensure_ascii=False)
    return "" if value is None else _plain(value)


def _plain(value: object) -> object:
    """Return a value that JSON can express; times are written as BigQuery writes them."""
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value
