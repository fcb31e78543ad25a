"""Starts the BigQuery stand-in for tests."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from functions.warehouse.schema import Warehouse

PROJECT, LOCATION = "local", "europe-west1"
WAREHOUSE = Warehouse("local.chat_eu_store", "local.chat_eu")
READY_WITHIN_SECONDS = 60


class StandIn(NamedTuple):
    """The stand-in's URL and its gRPC target."""

    rest: str
    grpc: str


@contextmanager
def running(*options: str) -> Iterator[StandIn]:
    """Run a stand-in in memory; its log goes to the standard error of the tests."""
    rest, grpc = _free_ports()
    command = ["-m", "local.bigquery", "--rest-port", str(rest), "--grpc-port", str(grpc)]
    command += ["--rate", "0", *options]  # tests make more changes a minute than BigQuery allows
    with subprocess.Popen([sys.executable, *command]) as process:
        try:
            url = f"http://127.0.0.1:{rest}"
            _wait_until_healthy(url, process)
            yield StandIn(url, f"127.0.0.1:{grpc}")
        finally:
            process.terminate()


def connect(stand_in: StandIn) -> bigquery.Client:
    """Open a client; names without a dataset mean the BI dataset."""
    return bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),
        location=LOCATION,
        client_options={"api_endpoint": stand_in.rest},
        default_query_job_config=bigquery.QueryJobConfig(default_dataset=WAREHOUSE.bi),
    )


def _free_ports() -> list[int]:
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in (one, other)]


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{url}/healthz", timeout=1)
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("the BigQuery stand-in did not start")
