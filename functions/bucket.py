"""The cell's bucket: where spilled and quarantined events are kept."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

CONCURRENT_WRITES = 16
"""Writes at a time; the client library blocks, so each takes a thread."""


class BucketUnavailable(Exception):
    """The bucket did not take the object in time."""


class Bucket:
    """Writes objects; `google-cloud-storage` is imported at the first write.

    That library costs 0.14 s and 58 MB to import, and a cell that works never needs it.

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
        """Write an object; an existing one of that name is replaced.

        Args:
            name: the object's name.
            data: its content.
            content_type: its media type.
            within: seconds that the write may take in all.

        Raises:
            BucketUnavailable: it failed or took longer; the object may exist all the same.
        """
        await self._run(
            lambda bucket: self._upload(bucket, name, data, content_type, within), within
        )

    @staticmethod
    def _upload(bucket: Any, name: str, data: bytes, content_type: str, within: float) -> None:
        bucket.blob(name).upload_from_string(
            data, content_type=content_type, timeout=within, retry=None
        )

    async def _run(self, action: Callable[[Any], None], within: float) -> None:
        def call() -> None:
            if self._bucket is None:
                self._bucket = self._open()
            action(self._bucket)

        running = asyncio.get_running_loop().run_in_executor(self._threads, call)
        try:
            await asyncio.wait_for(running, within)
        except Exception as error:
            # Whatever the reason is, the object is not known to be stored.
            raise BucketUnavailable(type(error).__name__) from error

    def _open(self) -> Any:
        from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415
        from google.cloud.storage import Client  # noqa: PLC0415

        credentials = AnonymousCredentials() if self._endpoint.startswith("http://") else None
        client = Client(
            project=self._project,
            credentials=credentials,
            client_options={"api_endpoint": self._endpoint},
        )
        return client.bucket(self._name)
