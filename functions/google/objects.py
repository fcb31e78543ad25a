"""The cell's bucket: objects are listed, read, replaced and deleted, each in one version."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

from functions.google.bucket import BucketUnavailable

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
