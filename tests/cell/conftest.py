"""The embedded cell, started once as a person starts it, and clients of it."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import query
from local.cell import Cell
from tests.cell.running import PATIENCE_SECONDS, running_cell, until


@pytest.fixture(scope="session")
def description() -> Iterator[dict[str, Any]]:
    """What a running cell says of itself; it runs for the whole session."""
    with running_cell() as description:
        yield description


@pytest.fixture(scope="session")
def cell(description: dict[str, Any]) -> Cell:
    return Cell(
        description["port_base"], description["token"], Path("unused"), description["pubsub"]
    )


@pytest.fixture(scope="session")
def sender(description: dict[str, Any]) -> Iterator[httpx.Client]:
    """A client that sends webhooks to the cell."""
    with httpx.Client(
        base_url=description["receive"], timeout=PATIENCE_SECONDS, trust_env=False
    ) as client:
        yield client


Post = Callable[..., httpx.Response]
Rows = Callable[[Sequence[str]], dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def post(sender: httpx.Client, cell: Cell) -> Post:
    """Send a body, as it is or as JSON, to the cell's events URL."""

    def send(body: Any, path: str = "events") -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return sender.post(f"/{path}/{cell.token}", content=content)

    return send


@pytest.fixture(scope="session")
def stored(cell: Cell) -> Rows:
    """Wait for the rows of these ingest ids in the store; return them by ingest id."""

    def rows(ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        names = ", ".join(f"'{test_id}'" for test_id in ids)
        sql = (
            f"SELECT * FROM {cell.store_dataset}.events_v1 "
            f"WHERE received_at > TIMESTAMP '2000-01-01' AND ingest_id IN ({names})"
        )
        return {row["ingest_id"]: row for row in until(lambda: query.rows(cell, sql), len(ids))}

    return rows
