"""Google's Cloud Storage client works with the stand-in, over HTTP."""

import socket
from collections.abc import Iterator

import pytest
from gcp_storage_emulator.server import create_server
from google.api_core.exceptions import NotFound, PreconditionFailed
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Bucket, Client

from local.storage import HOST, amend

pytestmark = pytest.mark.cell


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    amend()
    with create_server(HOST, port, in_memory=True):
        client = Client(
            project="local",
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": f"http://{HOST}:{port}"},
        )
        yield client.create_bucket("local-chat-eu", location="europe-west1")
        client.close()


def test_a_bucket_keeps_the_location_that_it_was_created_with(bucket: Bucket) -> None:
    bucket.reload()
    assert (bucket.location, bucket.location_type) == ("EUROPE-WEST1", "region")


def test_an_object_is_written_listed_read_and_deleted(bucket: Bucket) -> None:
    content = b'{"event": "\xf0\x9f\x98\x80"}\n\x00\r\n--'
    bucket.blob("quarantine/2026/a b.json").upload_from_string(content, "application/json")
    bucket.blob("spill/c.json").upload_from_string(b"")
    assert [blob.name for blob in bucket.list_blobs(prefix="quarantine/")] == [
        "quarantine/2026/a b.json"
    ]
    blob = bucket.blob("quarantine/2026/a b.json")
    assert blob.download_as_bytes() == content
    blob.delete()
    with pytest.raises(NotFound):
        blob.download_as_bytes()


def test_an_object_is_created_once_only(bucket: Bucket) -> None:
    blob = bucket.blob("once")
    blob.upload_from_string(b"first", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.blob("once").upload_from_string(b"second", if_generation_match=0)
    assert blob.download_as_bytes() == b"first"


def test_only_the_generation_that_was_read_is_replaced_or_deleted(bucket: Bucket) -> None:
    blob = bucket.blob("rewritten")
    blob.upload_from_string(b"first")
    read = blob.generation
    bucket.blob("rewritten").upload_from_string(b"second", if_generation_match=read)
    with pytest.raises(PreconditionFailed):
        bucket.blob("rewritten").upload_from_string(b"third", if_generation_match=read)
    with pytest.raises(PreconditionFailed):
        bucket.blob("rewritten").delete(if_generation_match=read)
    assert bucket.blob("rewritten").download_as_bytes() == b"second"
