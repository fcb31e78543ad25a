"""Starts what the functions under measurement write to."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from functions.warehouse.schema import Warehouse, list_tables
from local import children, warehouse
from local.cell import LOCATION, PROJECT, Cell
from local.clients import warehouse as client_of
from tests.bench.pinned import start
from tests.bench.tls import Tls
from tests.bench.variants import Backend

APPEND_MILLISECONDS = 20
APPENDS_AT_A_TIME = 4


@contextmanager
def backend(
    name: Backend, cell: Cell, folder: Path, core: int, tls: Tls | None = None
) -> Iterator[dict[str, str]]:
    """Run a backend for as long as it is open; yields the settings by which it is found.

    Args:
        name: which.
        cell: whose names and ports it takes.
        folder: for its log.
        core: the processor that it runs on.
        tls: with what it speaks TLS; None for clear text.
    """
    command = [sys.executable, "-m", *_command(name, cell), *(tls.arguments() if tls else ())]
    child = start(name, command, {}, folder, core)
    try:
        port = cell.port("pubsub" if name == "broker" else "bigquery_grpc")
        asyncio.run(children.wait_until_listening(child, port))
        if name == "bigquery":
            asyncio.run(children.wait_until_listening(child, cell.port("bigquery")))
            _create_tables(cell)
        yield _settings(name, cell, tls)
    finally:
        children.stop([child])


def _command(name: Backend, cell: Cell) -> list[str]:
    tables = ["--port", str(cell.port("bigquery_grpc"))]
    match name:
        case "broker":
            return ["tests.bench.broker", "--port", str(cell.port("pubsub"))]
        case "slow_tables":
            limits = ["--milliseconds", str(APPEND_MILLISECONDS)]
            limits += ["--at-a-time", str(APPENDS_AT_A_TIME)]
            return ["tests.bench.storage_write", *tables, *limits]
        case "quick_tables":
            return ["tests.bench.storage_write", *tables, "--milliseconds", "0", "--at-a-time", "0"]
        case "bigquery":
            rest, grpc = (str(cell.port(each)) for each in ("bigquery", "bigquery_grpc"))
            return ["local.bigquery", "--rest-port", rest, "--grpc-port", grpc]


def _settings(name: Backend, cell: Cell, tls: Tls | None) -> dict[str, str]:
    if name == "bigquery":
        return {}
    # The cell's own setting is one, for its stand-in's sake.
    settings = {"MAX_IN_FLIGHT_APPENDS": str(APPENDS_AT_A_TIME)}
    if tls is None:
        # The official client takes the address of a stand-in from a variable of its own.
        return settings | {"PUBSUB_EMULATOR_HOST": cell.pubsub}
    addresses = {
        "PUBSUB_ENDPOINT": f"https://{cell.pubsub}",
        "BIGQUERY_WRITE_ENDPOINT": f"https://127.0.0.1:{cell.port('bigquery_grpc')}",
    }
    return settings | addresses | tls.settings()


def _create_tables(cell: Cell) -> None:
    client = client_of(cell)
    where = Warehouse(f"{PROJECT}.{cell.store_dataset}", f"{PROJECT}.{cell.bi_dataset}")
    warehouse.create_datasets(client, where, LOCATION)
    for table in list_tables():
        warehouse.create_table(client, warehouse.describe(table, where))
