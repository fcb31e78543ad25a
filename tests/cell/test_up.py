"""A cell starts, reports what is wrong, and stops without leaving a process behind."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from local.cell import PORTS
from local.children import taken_ports
from tests.cell.running import (
    PATIENCE_SECONDS,
    ROOT,
    command,
    free_port_base,
    is_listening,
    running_cell,
    start,
)
from tests.local.pubsub.test_emulator import emulator

pytestmark = pytest.mark.cell

KEYS = {
    "receive",
    "events_url",
    "rooms_url",
    "token",
    "dashboard",
    "privacy",
    "pubsub",
    "bigquery",
    "bigquery_grpc",
    "storage",
    "secrets",
    "project",
    "location",
    "store_dataset",
    "bi_dataset",
    "functions",
}


def test_the_first_line_says_where_everything_is(description: dict[str, Any]) -> None:
    assert description.keys() - {"port_base", "pid"} == KEYS
    assert (description["project"], description["location"]) == ("local", "europe-west1")
    for url in description["functions"].values():
        assert httpx.get(f"{url}/health", timeout=PATIENCE_SECONDS, trust_env=False).is_success


def test_a_taken_port_is_named_and_nothing_is_left_running(description: dict[str, Any]) -> None:
    second = start("--port-base", str(description["port_base"] + 1))
    _, errors = second.communicate(timeout=PATIENCE_SECONDS)
    assert second.returncode == 1
    assert f"port {description['port_base'] + 1} is taken" in errors.decode()
    assert not is_listening(description["port_base"] + len(PORTS))


def runs(process: psutil.Process) -> bool:
    """Say whether a process still runs. An ended process is a zombie until its parent collects it.

    Workers that outlive their parent belong to process 1. In some containers, process 1 never
    collects them.
    """
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.soak
def test_sigterm_stops_everything() -> None:
    with running_cell() as description:
        base = description["port_base"]
        family = psutil.Process(description["pid"]).children(recursive=True)
        assert len(family) >= len(PORTS), "the servers of functions also have workers"
    assert not taken_ports(range(base, base + len(PORTS)))
    assert not [process for process in family if runs(process)]


@pytest.mark.soak
def test_sigterm_while_starting_stops_everything() -> None:
    base = free_port_base()
    starting = start("--port-base", str(base))
    while not is_listening(base):
        assert starting.poll() is None
    starting.send_signal(signal.SIGTERM)
    starting.communicate(timeout=PATIENCE_SECONDS)
    assert starting.returncode == 0
    assert not taken_ports(range(base, base + len(PORTS)))


@pytest.mark.soak
def test_a_part_that_dies_is_reported_and_takes_the_cell_down() -> None:
    base = free_port_base()
    up = start("--json", "--port-base", str(base))
    assert up.stdout
    assert json.loads(up.stdout.readline())
    family = psutil.Process(up.pid).children()
    next(process for process in family if "local.storage" in process.cmdline()).kill()
    _, errors = up.communicate(timeout=PATIENCE_SECONDS)
    assert up.returncode == 1
    assert "storage ended with code -9" in errors.decode()
    assert not taken_ports(range(base, base + len(PORTS)))


@pytest.mark.soak
def test_a_data_dir_outlives_the_cell(tmp_path: Path) -> None:
    options = ("--data-dir", str(tmp_path / "data"))
    with running_cell(*options) as first:
        answer = httpx.post(
            first["events_url"],
            json={"event": "kept", "project": "dev"},
            timeout=PATIENCE_SECONDS,
        )
        assert answer.status_code == 200
        assert counted(first, 1) == 1
    with running_cell(*options) as second:
        assert second["token"] == first["token"]
        assert counted(second, 1) == 1


def counted(description: dict[str, Any], expected: int) -> int:
    """Repeat a query on the command line until it finds enough events; return the number."""
    base = str(description["port_base"])
    count = command("query", "SELECT COUNT(*) AS n FROM events", "--json", "--port-base", base)
    rows = -1
    deadline = time.monotonic() + PATIENCE_SECONDS
    while rows < expected and time.monotonic() < deadline:
        done = subprocess.run(count, cwd=ROOT, check=True, capture_output=True)
        rows = json.loads(done.stdout)[0]["n"]
    return rows


@pytest.mark.parametrize(
    ("option", "expected"),
    [("--json", '[{"a": 1, "b": "x,y"}]\n'), ("--csv", 'a,b\r\n1,"x,y"\r\n')],
)
def test_query_prints_for_programs(description: dict[str, Any], option: str, expected: str) -> None:
    base = str(description["port_base"])
    sql = "SELECT 1 AS a, 'x,y' AS b"
    done = subprocess.run(
        command("query", sql, option, "--port-base", base),
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == expected


def test_query_explains_an_error(description: dict[str, Any]) -> None:
    base = str(description["port_base"])
    for sql, message in (("SELECT nothing FROM nowhere", "nowhere"), ("SELEC", "")):
        done = subprocess.run(
            command("query", sql, "--port-base", base), cwd=ROOT, capture_output=True, check=False
        )
        assert done.returncode == 1
        assert message in done.stderr.decode()
        assert "Traceback" not in done.stderr.decode()


def test_commands_without_a_cell_say_how_to_start_one() -> None:
    base = str(free_port_base())
    done = subprocess.run(
        command("query", "SELECT 1", "--port-base", base),
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert "python -m local up" in done.stderr.decode()


@pytest.mark.soak
def test_googles_emulator_can_take_the_place_of_the_stand_in(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    path = emulator()
    if path is None or shutil.which("java") is None:
        pytest.skip("Google's cloud-pubsub-emulator (or java, which it needs) is not installed")
    host = f"127.0.0.1:{unused_tcp_port}"
    # Its own process group, because the emulator is a shell script that starts java.
    google = subprocess.Popen(
        [path, "--host=127.0.0.1", f"--port={unused_tcp_port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not is_listening(unused_tcp_port):
            assert google.poll() is None
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", host)
        with running_cell() as description:
            assert description["pubsub"] == host
            answer = httpx.post(
                description["events_url"],
                json={"event": "e", "project": "dev"},
                timeout=PATIENCE_SECONDS,
            )
            assert answer.status_code == 200
            assert counted(description, 1) == 1
    finally:
        os.killpg(google.pid, signal.SIGTERM)
        google.wait(PATIENCE_SECONDS)
