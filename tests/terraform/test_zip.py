"""The zip that Terraform builds starts: in an empty folder, with nothing but its requirements."""

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.workspace import ROOT, Workspace

pytestmark = pytest.mark.terraform

PORT = 18790
SETTINGS = {
    "CELL": "eu",
    "GCP_PROJECT": "p",
    "LOCATION": "europe-west1",
    "EVENTS_TOPIC": "projects/p/topics/t",
    "PUBSUB_ENDPOINT": "http://127.0.0.1:9",
    "STORAGE_ENDPOINT": "http://127.0.0.1:9",
    "BIGQUERY_ENDPOINT": "http://127.0.0.1:9",
    "BIGQUERY_WRITE_ENDPOINT": "http://127.0.0.1:9",
    "BUCKET": "b",
    "STORE_DATASET": "projects/p/datasets/chat_eu_store",
    "OPERATE_URL": "http://127.0.0.1:9",
    "VIEWERS_FILE": "viewers.json",
    "BI_DATASET": "projects/p/datasets/chat_eu",
}


@pytest.fixture(scope="module")
def deployed(
    workspace: Workspace, full_plan: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The unpacked zip, with an environment of its own."""
    folder = tmp_path_factory.mktemp("deployed")
    with zipfile.ZipFile(workspace.configuration / ".terraform" / "functions.zip") as archive:
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
    secrets = folder / "secrets"
    (secrets / "pseudonym").mkdir(parents=True)
    (secrets / "pseudonym" / "1").write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    (secrets / "partners.json").write_text('{"partners": {}}')
    yield folder
    shutil.rmtree(folder / ".venv")


@pytest.mark.parametrize(
    ("position", "name"), list(enumerate(("receive", "load", "operate", "dashboard")))
)
def test_an_entry_point_answers(deployed: Path, position: int, name: str) -> None:
    port = PORT + position
    process = subprocess.Popen(
        [str(deployed / ".venv/bin/functions-framework"), "--target", name, "--port", str(port)],
        cwd=deployed,
        env=SETTINGS
        | {
            "PATH": os.environ["PATH"],
            "HOME": str(deployed),
            "PARTNERS_FILE": str(deployed / "secrets" / "partners.json"),
            "PSEUDONYM_KEYS": str(deployed / "secrets" / "pseudonym"),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert _status(f"http://127.0.0.1:{port}/health") == 200
    finally:
        process.terminate()
        process.wait(20)


def _status(url: str) -> int:
    """Ask until somebody listens, for 30 seconds at most."""
    deadline = time.monotonic() + 30
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
