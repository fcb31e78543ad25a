"""The functions start from the zip that Terraform builds, with only its requirements installed."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions import FUNCTIONS
from local.cell import Cell
from local.secret_files import prepare_secrets
from tests.terraform.workspace import ROOT

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]


@pytest.fixture(scope="module")
def deployed(functions_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the unpacked zip, with its own Python environment."""
    folder = tmp_path_factory.mktemp("deployed")
    with zipfile.ZipFile(functions_zip) as archive:
        archive.extractall(folder)
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    environ = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder / ".venv")],
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            str(folder / ".venv/bin/python"),
            "-r",
            "requirements.txt",
        ],
    ):
        subprocess.run(command, cwd=folder, env=environ, check=True, timeout=240)
    prepare_secrets(folder / "secrets")
    yield folder
    shutil.rmtree(folder / ".venv")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_entry_point_answers(deployed: Path, name: str) -> None:
    port = _free_port()
    cell = Cell(port, "", deployed / "secrets", "127.0.0.1:9")  # no server listens on this port
    process = subprocess.Popen(
        [str(deployed / ".venv/bin/functions-framework"), "--target", name, "--port", str(port)],
        cwd=deployed,
        env=cell.settings() | {"PATH": os.environ["PATH"], "HOME": str(deployed)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert _status(f"http://127.0.0.1:{port}/health") == 200
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _status(url: str) -> int:
    """Return the status of a URL; try again for a minute until a server listens."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_the_root_has_no_second_requirements() -> None:
    assert not list((ROOT / "functions").rglob("requirements*.txt"))
