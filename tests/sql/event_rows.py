"""Fills tables with rows for tests. Rows of events go into the table that `load` would choose."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from google.cloud import bigquery

from functions.acceptance.ingest_id import is_fresh
from local.clients import ONCE


def fill(client: bigquery.Client, dataset: str, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows into a table; for ``events_v1``, room events go into ``room_events_v1``."""
    for name, some in _placed(table, rows):
        assert not client.insert_rows_json(f"{dataset}.{name}", some, retry=ONCE, timeout=60)


def _placed(
    table: str, rows: Sequence[dict[str, Any]]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if table != "events_v1":
            tables[table].append(row)
        else:
            own = "room_events_v1" if row["kind"] == "room" else table
            retry_key = None if is_fresh(row["ingest_id"]) else row["ingest_id"]
            tables[own].append({"retry_key": retry_key} | row)
    yield from tables.items()
