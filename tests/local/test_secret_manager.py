"""The Secret Manager stand-in answers over HTTP."""

import base64
import errno
import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import httpx
import pytest

from local.secret_manager import Secrets, server

PREFIX = "projects/local/secrets/chat-eu-"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    (tmp_path / "closed.json").write_text("first")
    (tmp_path / "token").write_text("a file that is no secret's")
    (tmp_path / "pseudonym").mkdir()
    for version in ("1", "2"):
        (tmp_path / "pseudonym" / version).write_text(f"key {version}")
    serving = server(0, Secrets(tmp_path, PREFIX, "europe-west1"))
    thread = Thread(target=serving.serve_forever, args=(0.01,))
    thread.start()
    base = f"http://127.0.0.1:{serving.server_port}/v1/"
    with httpx.Client(base_url=base, timeout=60, trust_env=False) as client:
        yield client
    serving.shutdown()
    thread.join()
    serving.server_close()


def access(client: httpx.Client, name: str, version: str = "latest") -> tuple[str, str]:
    answer = client.get(f"{PREFIX}{name}/versions/{version}:access")
    assert answer.status_code == 200
    found = answer.json()
    data = base64.b64decode(found["payload"]["data"]).decode()
    return found["name"].removeprefix(PREFIX), data


def add(client: httpx.Client, name: str, text: str) -> httpx.Response:
    payload = {"data": base64.b64encode(text.encode()).decode()}
    return client.post(f"{PREFIX}{name}:addVersion", json={"payload": payload})


def test_a_secret_has_its_location(client: httpx.Client) -> None:
    assert client.get(f"{PREFIX}closed").json() == {
        "name": f"{PREFIX}closed",
        "replication": {"userManaged": {"replicas": [{"location": "europe-west1"}]}},
    }


def test_a_version_that_is_added_is_the_newest_and_what_functions_read(
    client: httpx.Client, tmp_path: Path
) -> None:
    assert access(client, "closed") == ("closed/versions/1", "first")
    added = add(client, "closed", "second")
    assert (added.status_code, added.json()["name"]) == (200, f"{PREFIX}closed/versions/2")
    assert access(client, "closed") == ("closed/versions/2", "second")
    assert access(client, "closed", "1") == ("closed/versions/1", "first")
    assert (tmp_path / "closed.json").read_text() == "second"


def test_a_change_of_the_file_adds_a_version(client: httpx.Client, tmp_path: Path) -> None:
    assert access(client, "closed")[0] == "closed/versions/1"
    (tmp_path / "closed.json").write_text("by hand")
    assert access(client, "closed") == ("closed/versions/2", "by hand")


def test_the_files_of_a_folder_are_versions(client: httpx.Client, tmp_path: Path) -> None:
    assert access(client, "pseudonym") == ("pseudonym/versions/2", "key 2")
    assert access(client, "pseudonym", "1") == ("pseudonym/versions/1", "key 1")
    assert add(client, "pseudonym", "key 3").status_code == 200
    assert (tmp_path / "pseudonym" / "3").read_text() == "key 3"


@pytest.mark.parametrize(
    "path",
    [
        f"{PREFIX}token",
        f"{PREFIX}gone",
        f"{PREFIX}gone/versions/latest:access",
        f"{PREFIX}closed/versions/7:access",
        f"{PREFIX}closed/versions/0:access",
        f"{PREFIX}../closed",
        "projects/other/secrets/closed",
        "closed",
        "",
    ],
)
def test_an_unknown_secret_is_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("body", ["", "[]", "{}", json.dumps({"payload": {"data": "no base64!"}})])
def test_a_malformed_version_is_refused(client: httpx.Client, body: str) -> None:
    assert client.post(f"{PREFIX}closed:addVersion", content=body).status_code == 400
    assert access(client, "closed") == ("closed/versions/1", "first")
    assert add(client, "gone", "x").status_code == 404


@pytest.mark.parametrize("fails_at", [1, 2])
def test_without_room_on_the_disk_all_is_as_before(
    client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    assert access(client, "closed") == ("closed/versions/1", "first")
    write, writes = Path.write_bytes, 0

    def fill(path: Path, data: bytes) -> int:
        nonlocal writes
        writes += 1
        if writes == fails_at:
            write(path, data[:2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", fill)
    assert add(client, "closed", "second").status_code == 503
    monkeypatch.undo()
    assert access(client, "closed") == ("closed/versions/1", "first")
    assert (tmp_path / "closed.json").read_text() == "first"
    assert add(client, "closed", "second").json()["name"] == f"{PREFIX}closed/versions/2"
