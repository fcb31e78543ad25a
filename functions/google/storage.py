"""The cell's bucket: opened, written once a name, and read and replaced in one version each.

It is in Cloud Storage, or in a stand-in that speaks the same API.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

import uuid_utils


def open_bucket(endpoint: str, project: str, name: str) -> Any:
    """Return a `google.cloud.storage.Bucket`.

    The library is imported here: it costs 0.14 s and 58 MB, and most instances never need it.

    Args:
        endpoint: ``https://host`` for Cloud Storage with application default credentials, or
            ``http://host:port`` for a stand-in without any.
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
"""Writes at a time; the client library blocks, so each takes a thread."""

RETRY_DELAYS = (0.1, 1.0, 2.0)
"""Delay before the first retry (s), longest delay (s), and factor between delays."""


class BucketUnavailable(Exception):
    """The bucket did not take the object in time."""


class ObjectWriter(Protocol):
    """Takes objects, as `Bucket` does."""

    async def write(self, name: str, data: bytes, *, content_type: str, within: float) -> None:
        """Write an object within so many seconds, or raise BucketUnavailable."""


class Bucket:
    """Writes objects; the client library is imported at the first write, which most never need.

    Args:
        endpoint: ``https://host`` for Cloud Storage with application default credentials, or
            ``http://host:port`` for a stand-in without any.
        project: the Google Cloud project.
        name: the bucket's name.
    """

    def __init__(self, endpoint: str, project: str, name: str) -> None:
        self._endpoint = endpoint
        self._project = project
        self._name = name
        self._bucket: Any = None
        self._threads = ThreadPoolExecutor(CONCURRENT_WRITES, thread_name_prefix="bucket")

    async def write(self, name: str, data: bytes, *, content_type: str, within: float) -> None:
        """Write an object, unless there is one of that name: a name always means the same content.

        What fails for a moment is tried again. An account that may create objects and nothing else
        is enough.

        Args:
            name: the object's name.
            data: its content.
            content_type: its media type.
            within: seconds that the write may take in all.

        Raises:
            BucketUnavailable: it failed or took longer; the object may exist all the same.
        """
        until = time.monotonic() + within
        writing = asyncio.get_running_loop().run_in_executor(
            self._threads, self._write, name, data, content_type, until
        )
        try:
            await asyncio.wait_for(writing, within)
        except Exception as error:
            # Whatever the reason is, the object is not known to be stored.
            raise BucketUnavailable(type(error).__name__) from error

    def _write(self, name: str, data: bytes, content_type: str, until: float) -> None:
        from google.api_core.exceptions import Forbidden  # noqa: PLC0415 - as the client

        if self._bucket is None:
            self._bucket = open_bucket(self._endpoint, self._project, self._name)
        remaining = until - time.monotonic()
        if remaining <= 0:
            raise TimeoutError  # not begun: nobody waits for it any more
        try:
            self._create(name, data, content_type, remaining)
        except Forbidden:
            # Google documents 412 where an object exists and 403 where an account may not replace
            # it, and not which of both comes first. Under another name it is durable either way.
            self._create(_beside(name), data, content_type, remaining)

    def _create(self, name: str, data: bytes, content_type: str, within: float) -> None:
        from google.api_core.exceptions import PreconditionFailed  # noqa: PLC0415 - as the client
        from google.cloud.storage.retry import DEFAULT_RETRY  # noqa: PLC0415 - as the client

        with suppress(PreconditionFailed):  # it is there
            self._bucket.blob(name).upload_from_string(
                data,
                content_type=content_type,
                if_generation_match=0,
                timeout=within,
                retry=DEFAULT_RETRY.with_delay(*RETRY_DELAYS).with_timeout(within),
            )


def _beside(name: str) -> str:
    """Return another name in the same folder, of the same kind."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}-{uuid_utils.uuid7()}{dot}{suffix}" if dot else f"{name}-{uuid_utils.uuid7()}"


T = TypeVar("T")

CONCURRENT_REQUESTS = 8
"""Requests at a time; the client library blocks, so each takes a thread."""


class Stored(NamedTuple):
    """One version of an object.

    Attributes:
        name: the object's.
        generation: the version's number; another write of the name has another.
        written_at: UTC.
    """

    name: str
    generation: int
    written_at: datetime


class Objects:
    """The bucket's objects.

    Args:
        open_bucket: opens the bucket's client, at the first use: the library is slow to import.
        deadline: seconds that one request may take, and is repeated for where that helps.
    """

    def __init__(self, open_bucket: Callable[[], Any], deadline: float) -> None:
        self._open = open_bucket
        self._deadline = deadline
        self._bucket: Any = None
        self._threads = ThreadPoolExecutor(CONCURRENT_REQUESTS, thread_name_prefix="objects")

    async def find(self, prefix: str) -> list[Stored]:
        """Return the objects whose name starts so, in the order of their names.

        Raises:
            BucketUnavailable: the bucket did not answer.
        """
        return await self._call(partial(_find, prefix))

    async def read(self, stored: Stored) -> bytes | None:
        """Return the content; None where that version is gone.

        Raises:
            BucketUnavailable: the bucket did not answer.
        """
        return await self._call(partial(_read, stored))

    async def write(self, name: str, content: bytes, content_type: str, *, over: int) -> bool:
        """Write an object, unless somebody else did meanwhile; say whether it was written.

        Args:
            name: the object's.
            content: all of it.
            content_type: its media type.
            over: the generation of the version that it replaces; 0 where there must be none.

        Raises:
            BucketUnavailable: the bucket did not answer; the object may be written all the same.
        """
        return await self._call(partial(_write, name, content, content_type, over))

    async def delete(self, stored: Stored) -> None:
        """Delete that version; one that is gone, or was replaced, is left as it is.

        Raises:
            BucketUnavailable: the bucket did not answer; the object may be gone all the same.
        """
        await self._call(partial(_delete, stored))

    async def _call(self, action: Callable[[Any, dict[str, Any]], T]) -> T:
        # Not timed out from here: a thread cannot be stopped, and would outlive the answer.
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


def _delete(stored: Stored, bucket: Any, limits: dict[str, Any]) -> None:
    from google.api_core.exceptions import NotFound, PreconditionFailed  # noqa: PLC0415

    with suppress(NotFound, PreconditionFailed):
        bucket.blob(stored.name).delete(if_generation_match=stored.generation, **limits)
