"""Starts embedded cells for tests, with the command that people use."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from local.cell import PORTS, Cell
from local.children import die_with_parent, taken_ports

ROOT = Path(__file__).parent.parent.parent
Seen = TypeVar("Seen")
PATIENCE_SECONDS = 120
"""How long a test waits for something that must happen, on a slow machine that does other work."""


def command(*arguments: str) -> list[str]:
    """Return a command line of the embedded cell."""
    return [sys.executable, "-m", "local", *arguments]


PORT_BASES = {"gw0": range(18_600, 24_000, 50), "gw1": range(24_000, 30_000, 50)}
"""The port bases for each process of pytest-xdist, so that two never choose the same ports."""


def free_port_base() -> int:
    """Return a port base whose ports are all free.

    The ports are below the range from which the system chooses ports for clients.
    """
    for base in PORT_BASES[os.environ.get("PYTEST_XDIST_WORKER", "gw0")]:
        if not taken_ports(range(base, base + len(PORTS))):
            return base
    raise OSError("no free ports")


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """Start a cell with these options; the caller can read its output from pipes."""
    return subprocess.Popen(
        command("up", *arguments),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - it only calls prctl
    )


@contextmanager
def running_cell(*arguments: str) -> Iterator[dict[str, Any]]:
    """Run a cell while the context is open; yield the description that the cell prints."""
    base = free_port_base()
    up = start("--json", "--port-base", str(base), *arguments)
    try:
        assert up.stdout
        yield json.loads(up.stdout.readline()) | {"port_base": base, "pid": up.pid}
    finally:
        up.send_signal(signal.SIGTERM)
        _, errors = up.communicate(timeout=PATIENCE_SECONDS)
        assert up.returncode == 0, errors.decode()


def is_listening(port: int) -> bool:
    """Say whether a server accepts connections on this port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def within_a_day(act: Callable[[], Seen]) -> tuple[date, Seen]:
    """Return the result of an action, and its UTC day; repeat the action if midnight passes."""
    today = datetime.now(UTC).date()
    seen = act()
    if datetime.now(UTC).date() == today:
        return today, seen
    return today + timedelta(days=1), act()


def events_of(cell: Cell) -> str:
    """Return SQL for use after FROM: all chat and room events in the store, with all copies."""
    of_tables = (
        f"SELECT * FROM {cell.store_dataset}.{table} WHERE received_at > TIMESTAMP '2000-01-01'"
        for table in ("events_v1", "room_events_v1")
    )
    return f"({' UNION ALL '.join(of_tables)})"


def until(ask: Callable[[], list[dict[str, Any]]], count: int = 1) -> list[dict[str, Any]]:
    """Ask until there are as many rows as expected. A pause is not needed: queries take a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(rows := ask()) < count and time.monotonic() < deadline:
        pass
    assert len(rows) == count
    return rows
