"""The embedded cell, started once as a person starts it, and clients of it."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import query
from local.cell import Cell
from tests.calls import recorded
from tests.cell.running import PATIENCE_SECONDS, running_cell, until


@pytest.fixture(scope="session")
def description(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What a running cell says of itself; it runs for the whole session.

    In the end no function may have made a call that `tests.calls` does not know: whether its
    account may make it is checked there, against Terraform's grants.
    """
    folder = tmp_path_factory.mktemp("calls")
    with running_cell(python_path=recorded.prepare(folder)) as description:
        yield description
    calls = recorded.observed(folder)
    if os.environ.get("RECORD_CALLS"):
        recorded.write(recorded.committed() | calls)
    assert calls, "nothing was recorded"
    assert calls - recorded.committed() == set(), "RECORD_CALLS=1 adds them to calls.yaml"


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
        names = ", ".join(f"'{each}'" for each in ids)
        sql = (
            f"SELECT * FROM {cell.store_dataset}.events_v1 "
            f"WHERE received_at > TIMESTAMP '2000-01-01' AND ingest_id IN ({names})"
        )
        return {row["ingest_id"]: row for row in until(lambda: query.rows(cell, sql), len(ids))}

    return rows
