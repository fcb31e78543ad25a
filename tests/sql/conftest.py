"""One BigQuery stand-in with the whole warehouse, for all tests of SQL."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from functions.warehouse import Warehouse, list_tables
from local.warehouse import create_warehouse
from tests.sql import new_year

PROJECT, LOCATION = "local", "europe-west1"
WAREHOUSE = Warehouse("local.chat_eu_store", "local.chat_eu")


class StandIn(NamedTuple):
    rest: str
    grpc: str


@pytest.fixture(scope="session")
def stand_in() -> Iterator[StandIn]:
    """The stand-in's URL and its gRPC target; its log is on the test's own stderr."""
    rest, grpc = _free_ports()
    command = ["-m", "local.bigquery", "--rest-port", str(rest), "--grpc-port", str(grpc)]
    with subprocess.Popen([sys.executable, *command]) as process:
        try:
            url = f"http://127.0.0.1:{rest}"
            _wait_until_healthy(url, process)
            yield StandIn(url, f"127.0.0.1:{grpc}")
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def warehouse(stand_in: StandIn) -> bigquery.Client:
    """A client of a stand-in that has the tables and views of ``sql/``."""
    client = bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),
        location=LOCATION,
        client_options={"api_endpoint": stand_in.rest},
        default_query_job_config=bigquery.QueryJobConfig(default_dataset=WAREHOUSE.bi),
    )
    create_warehouse(client, PROJECT, LOCATION, "chat_eu_store", "chat_eu")
    return client


@pytest.fixture
def empty_warehouse(warehouse: bigquery.Client) -> bigquery.Client:
    """The same without the rows of the tests before."""
    deletes = [
        f"DELETE FROM `{WAREHOUSE.store}.{table.name}` WHERE TRUE" for table in list_tables()
    ]
    warehouse.query(";\n".join(deletes)).result()
    return warehouse


@pytest.fixture(scope="session")
def new_year_views(warehouse: bigquery.Client) -> None:
    """The views as of a fixed moment, see `new_year`."""
    new_year.create_views(warehouse)


@pytest.fixture
def as_of_new_year(new_year_views: None, empty_warehouse: bigquery.Client) -> bigquery.Client:
    """The warehouse without rows, and with those views."""
    return empty_warehouse


def _free_ports() -> list[int]:
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in (one, other)]


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{url}/healthz", timeout=1)
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("the BigQuery stand-in did not start")
