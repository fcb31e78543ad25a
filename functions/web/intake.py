"""Reads bodies within a time, and bounds the memory that they take: from first byte to answer.

Senders share what there is, and none gets all of it. A partner may hold at most as much as is left
free after it: alone half of the whole, beside another that holds its share a third. So something is
always left for the others, however many connections one of them keeps open.
"""

import asyncio
import sys
from collections import Counter

from starlette.types import Receive

from functions.web.batching import QueueFull

MAX_WAITING_BYTES = 67_108_864
"""What a function's bodies may take at a time, where its settings say nothing else."""

EVERYBODY = ""
"""The owner of what has no partner; it may hold everything."""


class BodyTooLarge(Exception):
    """The body is longer than one may be; the rest of it is not read."""


class BodyIncomplete(Exception):
    """The connection ended before the body did."""


class BodyLate(Exception):
    """The body did not come to its end in time."""


class Shares:
    """A limited amount of something, of which each owner may hold a share.

    Args:
        size: the whole amount.
    """

    def __init__(self, size: int) -> None:
        self._free = size
        self._held: Counter[str] = Counter()

    def take(self, amount: int, owner: str) -> None:
        """Hold some of it.

        Raises:
            QueueFull: it is more than is free, or the owner would hold more than it leaves free.
        """
        free = self._free - amount
        held = self._held[owner] + amount
        if free < 0 or (owner != EVERYBODY and amount and held > free):
            raise QueueFull
        self._free = free
        self._held[owner] = held

    def give(self, amount: int, owner: str) -> None:
        """Hold so much less of it."""
        self._free += amount
        self._held[owner] -= amount
        if not self._held[owner]:
            del self._held[owner]


class Intake:
    """Counts the bytes of all requests in progress, and the bodies that have not ended.

    Bytes are counted as they arrive: a sender that announces a length and sends nothing takes
    none, but its unfinished body is counted.

    Args:
        max_bytes: that may be held at a time, by all requests together.
        max_unfinished: bodies that may be on their way at a time.
        seconds: how long a body may be on its way.
    """

    def __init__(
        self, max_bytes: int, max_unfinished: int = sys.maxsize, seconds: float | None = None
    ) -> None:
        self._bytes = Shares(max_bytes)
        self._unfinished = Shares(max_unfinished)
        self._seconds = seconds

    async def read(
        self, receive: Receive, limit: int = sys.maxsize, owner: str = EVERYBODY
    ) -> bytes:
        """Read a request's body, and hold it until it is released.

        Args:
            receive: the request's, as ASGI has it.
            limit: the most bytes that it may have.
            owner: the partner who sends it.

        Returns:
            The body; release it once the request is answered. Nothing is held where this raises.

        Raises:
            QueueFull: it is more than may be held now, by all or by this owner.
            BodyTooLarge: it is longer than `limit`.
            BodyIncomplete: it broke off.
            BodyLate: it did not end in time.
        """
        self._unfinished.take(1, owner)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._read(receive, limit, owner)
        except TimeoutError:
            raise BodyLate from None
        finally:
            self._unfinished.give(1, owner)

    async def _read(self, receive: Receive, limit: int, owner: str) -> bytes:
        # Starlette reads one with an asynchronous generator: that takes longer than parsing it.
        body: bytes | bytearray = b""
        more = True
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise BodyIncomplete
                chunk = message.get("body", b"")
                if len(body) + len(chunk) > limit:
                    raise BodyTooLarge
                self._bytes.take(len(chunk), owner)
                if not body:  # as most requests: their body comes at once
                    body = chunk
                else:
                    body = bytearray(body) if isinstance(body, bytes) else body
                    body += chunk
                more = message.get("more_body", False)
        finally:
            if more:  # its end was not reached
                self._bytes.give(len(body), owner)
        return bytes(body)

    def release(self, body: bytes, owner: str = EVERYBODY) -> None:
        """Hold a body no longer."""
        self._bytes.give(len(body), owner)
