"""Starts the embedded cell and keeps it up: `python -m local up`."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

from functions import FUNCTIONS
from local import children, template
from local.cell import (
    ATTEMPT_SECONDS,
    LOCATION,
    OFFICER,
    PORTS,
    PROJECT,
    SCHEDULER_ACCOUNT,
    VIEWER,
    Cell,
    forget,
    remember,
)
from local.children import Child
from local.secret_files import prepare_secrets

MAIN = Path(__file__).parent.parent / "main.py"


class PortTaken(Exception):
    """Something listens on a port that the cell needs."""


@asynccontextmanager
async def running(
    port_base: int,
    data_dir: Path | None,
    state: Path,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[tuple[Cell, list[Child]]]:
    """Run a cell for as long as the context is open.

    Args:
        port_base: the first of its ports, on 127.0.0.1.
        data_dir: the folder that keeps tables, objects and secrets; None keeps them in memory.
        state: the file in which other commands find the cell.
        settings: settings of the functions that replace those of the cell.

    Raises:
        PortTaken: another program listens on one of the ports; nothing was started.
        ChildDied: a part of the cell did not start; nothing is left running.
        SlowStart: a part of the cell did not start in time; nothing is left running.
    """
    taken = children.taken_ports([port_base + offset for offset in range(len(PORTS))])
    if taken:
        raise PortTaken(
            f"port {taken[0]} is taken; end the program there, or choose others with --port-base"
        )
    scratch = Path(tempfile.mkdtemp(prefix="watchers-warehouse-", dir=_memory()))
    started: list[Child] = []
    try:
        home = data_dir or scratch
        token = prepare_secrets(home / "secrets")
        pubsub = os.environ.get("PUBSUB_EMULATOR_HOST", "")
        cell = Cell(port_base, token, home / "secrets", pubsub or f"127.0.0.1:{port_base + 2}")
        data = data_dir or scratch / "warehouse"
        is_new = data_dir is None and not template.restore(data)
        commands = command_lines(cell, data)
        if pubsub:
            del commands["pubsub"]
        for name, command in commands.items():
            environ = environment(cell.settings() | dict(settings) if name in FUNCTIONS else {})
            started.append(children.start(name, command, environ, scratch))
        await _make_ready(cell, started)
        if is_new:
            template.keep(data)
        remember(cell, state)
        yield cell, started
    finally:
        forget(state)
        children.stop(started)
        shutil.rmtree(scratch)


def _memory() -> Path | None:
    """Return a folder in memory, if the system has one, because files on a disk are slower."""
    folder = Path("/dev/shm")  # noqa: S108 - only the user may read the folder made in it
    return folder if os.access(folder, os.W_OK) else None


def stop_on_signals() -> None:
    """Let SIGINT and SIGTERM cancel the current task, so that everything is stopped in order."""
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def command_lines(cell: Cell, data: Path) -> dict[str, list[str]]:
    """Return the children's command lines, in the order in which they are stopped."""
    python = [sys.executable, "-m"]
    framework = [*python, "functions_framework", "--source", str(MAIN), "--host", "127.0.0.1"]
    functions = {
        name: [*framework, "--target", name, "--port", str(cell.port(name))] for name in FUNCTIONS
    }
    ports = {name: str(cell.port(name)) for name in PORTS}
    keep = ["--data-dir", str(data)]
    grpc_port = ["--grpc-port", ports["bigquery_grpc"]]
    jobs = [
        text
        for every, url in cell.jobs()
        for text in ("--job", str(every), str(ATTEMPT_SECONDS[url.rsplit("/", 1)[-1]]), url)
    ]
    return functions | {
        "dashboard_proxy": _proxy(cell, "dashboard", VIEWER),
        "privacy_proxy": _proxy(cell, "privacy", OFFICER),
        "scheduler": [*python, "local.scheduler", "--email", SCHEDULER_ACCOUNT, *jobs],
        "pubsub": [*python, "local.pubsub", "--port", ports["pubsub"]],
        "bigquery": [
            *python,
            "local.bigquery",
            "--rest-port",
            ports["bigquery"],
            *grpc_port,
            *keep,
        ],
        "secret_manager": [
            *python,
            "local.secret_manager",
            "--port",
            ports["secret_manager"],
            "--folder",
            str(cell.secrets),
            "--prefix",
            cell.secret(""),
            "--location",
            LOCATION,
        ],
        "storage": [*python, "local.storage", "--port", ports["storage"], *keep],
    }


def _proxy(cell: Cell, function: str, email: str) -> list[str]:
    port = str(cell.port(f"{function}_proxy"))
    options = ["--port", port, "--to", cell.url(function), "--email", email]
    return [sys.executable, "-m", "local.proxy", *options]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return a child's environment: its settings, and the variables that every program needs."""
    needed = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(MAIN.parent)]))
    return needed | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"} | dict(settings)


async def _make_ready(cell: Cell, started: list[Child]) -> None:
    """Wait for the children, then create the resources that Terraform creates in a real cell."""
    with ThreadPoolExecutor() as threads:
        loop = asyncio.get_running_loop()
        importing = loop.run_in_executor(threads, _import_clients)
        await asyncio.gather(
            *(
                children.wait_until_listening(child, cell.port(child.name))
                for child in started
                if child.name in PORTS
            )
        )
        await importing
        await asyncio.gather(
            *(loop.run_in_executor(threads, create, cell) for create in (_topics, _rest))
        )


def _import_clients() -> None:
    """Import the client libraries while the children start, because both take equally long."""
    import local.clients  # noqa: F401, PLC0415


def _topics(cell: Cell) -> None:
    from local import clients, provision  # noqa: PLC0415

    provision.create_topics(cell, clients.publisher(cell), clients.subscriber(cell))


def _rest(cell: Cell) -> None:
    from local import clients, provision  # noqa: PLC0415
    from local.warehouse import create_warehouse  # noqa: PLC0415

    provision.create_bucket(cell, clients.objects(cell))
    client = clients.warehouse(cell)
    create_warehouse(client, PROJECT, LOCATION, cell.store_dataset, cell.bi_dataset)
