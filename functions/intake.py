"""Bounds the memory that requests take: from the first byte that is read until the answer."""

from starlette.types import Message, Receive

from functions.batching import QueueFull

MAX_WAITING_BYTES = 67_108_864
"""What a function's bodies may take at a time, where its settings say nothing else."""


class Intake:
    """Counts the bytes of all requests in progress.

    They are counted as they arrive: a sender that announces a length and sends nothing takes
    nothing, and one that announces none is counted like any other.

    Args:
        max_bytes: that may be held at a time, by all requests together.
    """

    def __init__(self, max_bytes: int) -> None:
        self._free = max_bytes

    def take(self, size: int) -> None:
        """Hold bytes.

        Raises:
            QueueFull: they are more than may be held; then none of them is.
        """
        if size > self._free:
            raise QueueFull
        self._free -= size

    def release(self, size: int) -> None:
        """Hold bytes no longer."""
        self._free += size


class MeteredReceive:
    """An ASGI ``receive`` of one request that holds what it returns.

    Args:
        receive: the server's.
        intake: holds the bytes.
    """

    __slots__ = ("_held", "_intake", "_receive")

    def __init__(self, receive: Receive, intake: Intake) -> None:
        self._receive = receive
        self._intake = intake
        self._held = 0

    async def __call__(self) -> Message:
        """Return the next message.

        Raises:
            QueueFull: its body would be more than may be held.
        """
        message = await self._receive()
        size = len(message.get("body", b""))
        if size:
            self._intake.take(size)
            self._held += size
        return message

    def release(self) -> None:
        """Hold nothing any more: the request is answered."""
        self._intake.release(self._held)
        self._held = 0
