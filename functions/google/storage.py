"""Reads and writes objects of the cell's bucket, in Cloud Storage or a stand-in with the same API.

`Bucket` only creates objects. `CloudStorage` lists, reads, writes and deletes objects. It replaces
or deletes an object only if the object still has the expected version.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

import uuid_utils


def open_bucket(endpoint: str, project: str, name: str) -> Any:
    """Return a `google.cloud.storage.Bucket`.

    The library is imported here, because the import takes 0.14 s and 58 MB of memory, and most
    instances never need it.

    Args:
        endpoint: ``https://host`` to use Cloud Storage with application default credentials, or
            ``http://host:port`` to use a stand-in without credentials.
        project: the Google Cloud project.
        name: the bucket's name.
    """
    from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415
    from google.cloud.storage import Client  # noqa: PLC0415

    credentials = AnonymousCredentials() if endpoint.startswith("http://") else None
    client = Client(
        project=project, credentials=credentials, client_options={"api_endpoint": endpoint}
    )
    return client.bucket(name)


CONCURRENT_WRITES = 16
"""The default of the maximum number of concurrent writes."""

RETRY_DELAYS = (0.1, 1.0, 2.0)
"""The delay before the first retry, the longest delay (both in seconds), and the factor between
delays."""


class BucketUnavailable(Exception):
    """A request to the bucket failed or timed out."""


class Bucket:
    """Creates objects in a bucket.

    The client library is imported at the first write, because most instances never write.

    Args:
        endpoint: ``https://host`` to use Cloud Storage with application default credentials, or
            ``http://host:port`` to use a stand-in without credentials.
        project: the Google Cloud project.
        name: the bucket's name.
        at_a_time: the maximum number of concurrent writes. Other writes wait. Each write needs a
            thread, because the client library blocks.
    """

    def __init__(
        self, endpoint: str, project: str, name: str, at_a_time: int = CONCURRENT_WRITES
    ) -> None:
        self._endpoint = endpoint
        self._project = project
        self._name = name
        self._bucket: Any = None
        self._threads = ThreadPoolExecutor(at_a_time, thread_name_prefix="bucket")

    async def write(self, name: str, data: bytes, *, content_type: str, within: float) -> None:
        """Write an object, unless an object with this name exists.

        Objects with the same name must have the same content. Temporary errors are retried. The
        service account needs only the permission to create objects.

        Args:
            name: the object's name.
            data: the object's content.
            content_type: the object's media type.
            within: the time limit in seconds, including retries.

        Raises:
            BucketUnavailable: the write failed or timed out; the object may exist nevertheless.
        """
        until = time.monotonic() + within
        writing = asyncio.get_running_loop().run_in_executor(
            self._threads, self._write, name, data, content_type, until
        )
        try:
            await asyncio.wait_for(writing, within)
        except Exception as error:
            # After any error, it is unknown whether the object is stored.
            raise BucketUnavailable(type(error).__name__) from error

    def _write(self, name: str, data: bytes, content_type: str, until: float) -> None:
        from google.api_core.exceptions import Forbidden  # noqa: PLC0415 - slow to import

        if self._bucket is None:
            self._bucket = open_bucket(self._endpoint, self._project, self._name)
        remaining = until - time.monotonic()
        if remaining <= 0:
            raise TimeoutError  # the caller no longer waits
        try:
            self._create(name, data, content_type, remaining)
        except Forbidden:
            # If the object exists, Cloud Storage may answer 403 (the account may not replace it)
            # instead of 412 (it exists): Google does not document which check comes first. In this
            # case, a write under another name succeeds.
            self._create(_beside(name), data, content_type, remaining)

    def _create(self, name: str, data: bytes, content_type: str, within: float) -> None:
        from google.api_core.exceptions import PreconditionFailed  # noqa: PLC0415 - slow to import
        from google.cloud.storage.retry import DEFAULT_RETRY  # noqa: PLC0415 - slow to import

        with suppress(PreconditionFailed):  # the object exists
            self._bucket.blob(name).upload_from_string(
                data,
                content_type=content_type,
                if_generation_match=0,
                timeout=within,
                retry=DEFAULT_RETRY.with_delay(*RETRY_DELAYS).with_timeout(within),
            )


def _beside(name: str) -> str:
    """Return a new name with the folder and the ending of ``name``."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}-{uuid_utils.uuid7()}{dot}{suffix}" if dot else f"{name}-{uuid_utils.uuid7()}"


T = TypeVar("T")

CONCURRENT_REQUESTS = 8
"""The maximum number of concurrent requests of a `CloudStorage`. Each request needs a thread,
because the client library blocks."""


class Stored(NamedTuple):
    """One version of an object.

    Attributes:
        name: the object's name.
        generation: the version's number; each write to an object gives it a new one.
        written_at: when the version was written (UTC).
    """

    name: str
    generation: int
    written_at: datetime


class CloudStorage:
    """Lists, reads, writes and deletes the bucket's objects.

    Args:
        open_bucket: opens the bucket's client; called before the first request, because the library
            is slow to import.
        deadline: the time limit of one request in seconds, including retries.
    """

    def __init__(self, open_bucket: Callable[[], Any], deadline: float) -> None:
        self._open = open_bucket
        self._deadline = deadline
        self._bucket: Any = None
        self._threads = ThreadPoolExecutor(CONCURRENT_REQUESTS, thread_name_prefix="objects")

    async def find(self, prefix: str) -> list[Stored]:
        """Return the objects whose names start with a prefix, sorted by name.

        Raises:
            BucketUnavailable: the request failed or timed out.
        """
        return await self._call(partial(_find, prefix))

    async def read(self, stored: Stored) -> bytes | None:
        """Return the content of a version; None if the version no longer exists.

        Raises:
            BucketUnavailable: the request failed or timed out.
        """
        return await self._call(partial(_read, stored))

    async def write(self, name: str, content: bytes, content_type: str, *, over: int) -> bool:
        """Write an object if it has the expected version; return whether it was written.

        Args:
            name: the object's name.
            content: the whole content.
            content_type: the object's media type.
            over: the generation that the object must have; 0 if the object must not exist.

        Raises:
            BucketUnavailable: the request failed or timed out; the object may have been written
                nevertheless.
        """
        return await self._call(partial(_write, name, content, content_type, over))

    async def delete(self, stored: Stored) -> bool:
        """Delete an object, unless this version of it was replaced or deleted before.

        Returns:
            Whether this call deleted the version. If an answer is lost, the repeated request finds
            the version deleted, and the result is False.

        Raises:
            BucketUnavailable: the request failed or timed out; the version may have been deleted
                nevertheless.
        """
        return await self._call(partial(_delete, stored))

    async def _call(self, action: Callable[[Any, dict[str, Any]], T]) -> T:
        # Only the action has a time limit. If this coroutine had one and ended first, the thread
        # would run on, even after the response.
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._act, action)

    def _act(self, action: Callable[[Any, dict[str, Any]], T]) -> T:
        from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415 - slow to import
        from google.cloud.storage.retry import DEFAULT_RETRY  # noqa: PLC0415
        from requests.exceptions import RequestException  # noqa: PLC0415

        if self._bucket is None:
            self._bucket = self._open()
        try:
            retry = DEFAULT_RETRY.with_timeout(self._deadline)
            return action(self._bucket, {"timeout": self._deadline, "retry": retry})
        except (GoogleAPIError, RequestException) as error:
            raise BucketUnavailable(type(error).__name__) from error


def _find(prefix: str, bucket: Any, limits: dict[str, Any]) -> list[Stored]:
    fields = "items(name,generation,timeCreated),nextPageToken"
    pages = bucket.list_blobs(prefix=prefix, fields=fields, **limits)
    return sorted(Stored(blob.name, blob.generation, blob.time_created) for blob in pages)


def _read(stored: Stored, bucket: Any, limits: dict[str, Any]) -> bytes | None:
    from google.api_core.exceptions import NotFound  # noqa: PLC0415

    blob = bucket.blob(stored.name, generation=stored.generation)
    try:
        content: bytes = blob.download_as_bytes(**limits)
    except NotFound:
        return None
    return content


def _write(
    name: str, content: bytes, content_type: str, over: int, bucket: Any, limits: dict[str, Any]
) -> bool:
    from google.api_core.exceptions import PreconditionFailed  # noqa: PLC0415

    try:
        bucket.blob(name).upload_from_string(
            content, content_type=content_type, if_generation_match=over, **limits
        )
    except PreconditionFailed:
        return False
    return True


def _delete(stored: Stored, bucket: Any, limits: dict[str, Any]) -> bool:
    from google.api_core.exceptions import NotFound, PreconditionFailed  # noqa: PLC0415

    try:
        bucket.blob(stored.name).delete(if_generation_match=stored.generation, **limits)
    except (NotFound, PreconditionFailed):
        return False
    return True
