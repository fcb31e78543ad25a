"""Fills tables for tests. Made-up rows of events are stored as `load` would store them."""

from collections.abc import Iterator, Sequence
from typing import Any

from google.cloud import bigquery

from functions.acceptance.ingest_id import is_fresh
from local.clients import ONCE


def fill(client: bigquery.Client, dataset: str, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows into a table; rows of ``events_v1`` get what they lack and `load` would give."""
    for name, some in _placed(table, rows):
        assert not client.insert_rows_json(f"{dataset}.{name}", some, retry=ONCE, timeout=60)


def _placed(
    table: str, rows: Sequence[dict[str, Any]]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    if table == "events_v1":
        rows = [
            {"retry_key": None if is_fresh(row["ingest_id"]) else row["ingest_id"]} | row
            for row in rows
        ]
    if rows:
        yield table, list(rows)
