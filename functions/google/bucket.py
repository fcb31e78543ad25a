"""The cell's bucket: where spilled and quarantined events are kept."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

import uuid_utils

from functions.google.storage import open_bucket

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
