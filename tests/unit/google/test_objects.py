"""Objects are found, read, written and deleted over HTTP, in the Cloud Storage stand-in."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from gcp_storage_emulator.server import create_server

from functions.google.storage import BucketUnavailable, CloudStorage, open_bucket
from local.storage import HOST, amend

pytestmark = pytest.mark.cell


@pytest.fixture
def endpoint() -> str:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return f"http://{HOST}:{probe.getsockname()[1]}"


@pytest.fixture
def bucket(endpoint: str) -> Iterator[Any]:
    amend()
    with create_server(HOST, int(endpoint.rpartition(":")[2]), in_memory=True):
        bucket = open_bucket(endpoint, "p", "b")
        bucket.client.create_bucket("b")
        yield bucket
        bucket.client.close()


async def test_objects_are_found_in_order_read_and_deleted(endpoint: str, bucket: Any) -> None:
    for name in ("spill/b", "spill/a", "quarantine/c"):
        bucket.blob(name).upload_from_string(name)
    stored = CloudStorage(partial(open_bucket, endpoint, "p", "b"), deadline=5)
    versions = await stored.find("spill/")
    assert [version.name for version in versions] == ["spill/a", "spill/b"]
    assert abs(versions[0].written_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert await stored.read(versions[0]) == b"spill/a"
    assert await stored.delete(versions[0])
    assert not await stored.delete(versions[0])
    assert await stored.read(versions[0]) is None
    assert [version.name for version in await stored.find("")] == ["quarantine/c", "spill/b"]


async def test_a_version_that_was_replaced_is_not_deleted(endpoint: str, bucket: Any) -> None:
    bucket.blob("spill/a").upload_from_string("old")
    stored = CloudStorage(partial(open_bucket, endpoint, "p", "b"), deadline=5)
    [old] = await stored.find("spill/")
    bucket.blob("spill/a").upload_from_string("new")
    assert not await stored.delete(old)
    [new] = await stored.find("spill/")
    assert (new.generation != old.generation, await stored.read(new)) == (True, b"new")


async def test_a_bucket_that_does_not_answer_is_an_error(endpoint: str) -> None:
    stored = CloudStorage(partial(open_bucket, endpoint, "p", "b"), deadline=0.1)
    with pytest.raises(BucketUnavailable):
        await stored.find("spill/")


async def test_an_object_is_written_only_over_the_version_that_is_named(
    endpoint: str, bucket: Any
) -> None:
    stored = CloudStorage(partial(open_bucket, endpoint, "p", "b"), deadline=5)
    assert await stored.write("spill/a", b"1", "text/plain", over=0)
    assert not await stored.write("spill/a", b"2", "text/plain", over=0)
    [first] = await stored.find("spill/")
    assert await stored.write("spill/a", b"3", "text/plain", over=first.generation)
    assert not await stored.write("spill/a", b"4", "text/plain", over=first.generation)
    [second] = await stored.find("spill/")
    assert await stored.read(second) == b"3"
    await stored.delete(second)
    assert not await stored.write("spill/a", b"5", "text/plain", over=second.generation)
    assert await stored.find("") == []
