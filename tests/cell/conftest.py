"""An embedded cell, which all tests share, and clients of it."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.events.attributes import Attributes, format_time
from local import query
from local.cell import PARTNER, Cell
from local.clients import publisher
from tests.cell.running import PATIENCE_SECONDS, events_of, running_cell, until


@pytest.fixture(scope="session")
def description() -> Iterator[dict[str, Any]]:
    """The description that the running cell printed; the cell runs for the whole session."""
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
Publish = Callable[[dict[str, Any], datetime], str]
Rows = Callable[[Sequence[str]], dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def post(sender: httpx.Client, cell: Cell) -> Post:
    """A function that posts a body (bytes, or a value as JSON) to the events URL or another one."""

    def send(body: Any, path: str = "events") -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return sender.post(f"/{path}/{cell.token}", content=content)

    return send


@pytest.fixture(scope="session")
def publish(cell: Cell) -> Publish:
    """A function that publishes an event as if `receive` had accepted it at a time.

    It returns the ingest id.
    """
    client = publisher(cell)

    def published(event: dict[str, Any], at: datetime) -> str:
        ingest_id = str(uuid.uuid4())
        project, name = event["value"]["project"], event["event"]
        attributes = Attributes(ingest_id, format_time(at), "chat", PARTNER, project, name)
        data = json.dumps(event).encode()
        client.publish(cell.topic, data, **attributes.to_mapping()).result(PATIENCE_SECONDS)
        return ingest_id

    return published


@pytest.fixture(scope="session")
def stored(cell: Cell) -> Rows:
    """A function that waits for the rows of ingest ids in the store, and returns them by id."""

    def rows(ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        names = ", ".join(f"'{test_id}'" for test_id in ids)
        sql = f"SELECT * FROM {events_of(cell)} WHERE ingest_id IN ({names})"
        return {row["ingest_id"]: row for row in until(lambda: query.rows(cell, sql), len(ids))}

    return rows
