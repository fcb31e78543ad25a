"""Reads bodies, and bounds the memory that they take: from their first byte until the answer."""

import sys

from starlette.types import Receive

from functions.batching import QueueFull

MAX_WAITING_BYTES = 67_108_864
"""What a function's bodies may take at a time, where its settings say nothing else."""


class BodyTooLarge(Exception):
    """The body is longer than one may be; the rest of it is not read."""


class BodyIncomplete(Exception):
    """The connection ended before the body did."""


class Intake:
    """Counts the bytes of all requests in progress.

    They are counted as they arrive: a sender that announces a length and sends nothing takes
    nothing, and one that announces none is counted like any other.

    Args:
        max_bytes: that may be held at a time, by all requests together.
    """

    def __init__(self, max_bytes: int) -> None:
        self._free = max_bytes

    async def read(self, receive: Receive, limit: int = sys.maxsize) -> bytes:
        """Read a request's body, and hold it until it is released.

        Starlette reads one with an asynchronous generator: that takes longer than parsing it.

        Args:
            receive: the request's, as ASGI has it.
            limit: the most bytes that it may have.

        Returns:
            The body; release it once the request is answered. Nothing is held where this raises.

        Raises:
            QueueFull: it is more than may be held now.
            BodyTooLarge: it is longer than `limit`.
            BodyIncomplete: it broke off.
        """
        body: bytes | bytearray = b""
        more = True
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise BodyIncomplete
                chunk = message.get("body", b"")
                size = len(chunk)
                if len(body) + size > limit:
                    raise BodyTooLarge
                if size > self._free:
                    raise QueueFull
                self._free -= size
                if not body:  # as most requests: their body comes at once
                    body = chunk
                else:
                    body = bytearray(body) if isinstance(body, bytes) else body
                    body += chunk
                more = message.get("more_body", False)
        finally:
            if more:  # its end was not reached
                self._free += len(body)
        return bytes(body)

    def release(self, body: bytes) -> None:
        """Hold a body no longer."""
        self._free += len(body)
