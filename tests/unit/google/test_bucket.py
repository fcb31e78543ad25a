"""Writes to the bucket run in threads, end in time, and report each failure."""

import asyncio
import re
import threading
from typing import Any

import pytest
from google.api_core.exceptions import Forbidden, PreconditionFailed

from functions.google import storage
from functions.google.storage import Bucket, BucketUnavailable


class Client:
    """Stands for the bucket of the client library, with the methods that are used."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[str, bytes]] = {}
        self.timeouts: list[float] = []
        self.failure: Exception | None = None
        self.where_one_exists: Exception = PreconditionFailed("there is one")
        self.gate = threading.Event()
        self.gate.set()

    def blob(self, name: str) -> "_Blob":
        return _Blob(self, name)


class _Blob:
    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name

    def upload_from_string(
        self,
        data: bytes,
        *,
        content_type: str,
        if_generation_match: int,
        timeout: float,
        retry: Any,
    ) -> None:
        assert if_generation_match == 0
        self._client.timeouts += [timeout, retry.timeout]
        self._client.gate.wait(5)
        if self._name in self._client.objects:
            raise self._client.where_one_exists
        if self._client.failure:
            raise self._client.failure
        self._client.objects[self._name] = (content_type, data)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    client = Client()
    monkeypatch.setattr(storage, "open_bucket", lambda *_: client)
    return client


async def test_an_object_is_written_with_its_type(client: Client) -> None:
    await Bucket("http://b", "p", "n").write("a/b", b"1", content_type="text/plain", within=30)
    assert client.objects == {"a/b": ("text/plain", b"1")}
    assert all(0 < seconds <= 30 for seconds in client.timeouts)


async def test_an_object_that_is_there_stays(client: Client) -> None:
    for data in (b"1", b"2"):
        await Bucket("http://b", "p", "n").write("a", data, content_type="t", within=30)
    assert client.objects == {"a": ("t", b"1")}


@pytest.mark.parametrize(("name", "like"), [("a/b.ndjson", r"a/b-.+\.ndjson"), ("a/b", "a/b-.+")])
async def test_without_permission_to_replace_an_object_another_one_is_written(
    client: Client, name: str, like: str
) -> None:
    client.where_one_exists = Forbidden("storage.objects.delete")
    for _ in range(2):
        await Bucket("http://b", "p", "n").write(name, b"1", content_type="t", within=30)
    first, second = client.objects
    assert first == name
    assert re.fullmatch(like, second)


async def test_a_missing_permission_to_write_is_an_error(client: Client) -> None:
    client.failure = Forbidden("storage.objects.create")
    with pytest.raises(BucketUnavailable, match=r"^Forbidden$"):
        await Bucket("http://b", "p", "n").write("a", b"1", content_type="t", within=30)


@pytest.mark.parametrize("failure", [ConnectionError("secret"), ValueError("secret")])
async def test_an_error_names_only_the_type_of_the_failure(
    client: Client, failure: Exception
) -> None:
    client.failure = failure
    with pytest.raises(BucketUnavailable, match=f"^{type(failure).__name__}$"):
        await Bucket("http://b", "p", "n").write("a", b"1", content_type="t", within=30)


async def test_a_library_that_does_not_come_up_is_a_failure_and_is_tried_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: str) -> None:
        raise OSError

    writing = Bucket("http://b", "p", "n")
    with monkeypatch.context() as patched:
        patched.setattr(storage, "open_bucket", fail)
        with pytest.raises(BucketUnavailable):
            await writing.write("a", b"1", content_type="t", within=30)
    await writing.write("a", b"1", content_type="t", within=30)
    assert list(client.objects) == ["a"]


async def test_no_answer_in_time_is_a_failure(client: Client) -> None:
    client.gate.clear()
    started = asyncio.get_running_loop().time()
    with pytest.raises(BucketUnavailable, match="TimeoutError"):
        await Bucket("http://b", "p", "n").write("a", b"1", content_type="t", within=0.02)
    assert asyncio.get_running_loop().time() - started < 1
    client.gate.set()


async def test_a_write_for_which_no_request_waits_any_more_does_not_begin(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = threading.Event()

    def slow(*_: str) -> Client:
        opening.wait(5)
        return client

    monkeypatch.setattr(storage, "open_bucket", slow)
    writing = Bucket("http://b", "p", "n")
    with pytest.raises(BucketUnavailable):
        await writing.write("late", b"1", content_type="t", within=0.02)
    opening.set()
    await writing.write("next", b"1", content_type="t", within=30)
    assert list(client.objects) == ["next"]
