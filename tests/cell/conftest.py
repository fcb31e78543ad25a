"""The embedded cell, started once as a person starts it, and clients of it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import query
from local.cell import Cell
from local.children import die_with_parent

ROOT = Path(__file__).parent.parent.parent
PORT_BASE = 18600


def command(*arguments: str) -> list[str]:
    """A command line of the embedded cell."""
    return [sys.executable, "-m", "local", *arguments]


@pytest.fixture(scope="session")
def description() -> Iterator[dict[str, Any]]:
    """What a running cell says of itself; it runs for the whole session."""
    up = subprocess.Popen(
        command("up", "--json", "--port-base", str(PORT_BASE)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - it calls nothing but prctl
    )
    try:
        assert up.stdout
        with up.stdout:
            yield json.loads(up.stdout.readline())
    finally:
        os.kill(up.pid, signal.SIGTERM)
        assert up.wait(10) == 0


@pytest.fixture(scope="session")
def cell(description: dict[str, Any]) -> Cell:
    return Cell(PORT_BASE, description["token"], Path("unused"), description["pubsub"])


@pytest.fixture(scope="session")
def sender(description: dict[str, Any]) -> Iterator[httpx.Client]:
    """A client that sends webhooks to the cell."""
    with httpx.Client(base_url=description["receive"], timeout=30, trust_env=False) as client:
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


def until(
    ask: Callable[[], list[dict[str, Any]]], count: int = 1, attempts: int = 100
) -> list[dict[str, Any]]:
    """Ask until there are as many rows as expected; each question takes tens of milliseconds."""
    for _ in range(attempts):
        found = ask()
        if len(found) >= count:
            break
    assert len(found) == count
    return found
