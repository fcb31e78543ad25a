"""Reads request bodies within a time limit, and limits the memory that they use.

A body uses memory from its first byte until its request is answered. All partners share the memory,
and a partner may use at most as much of it as stays free. So a single partner can use half of the
memory, and two partners can use a third each. Some memory always stays free for other partners,
however many connections one partner opens.
"""

import asyncio
import sys

from starlette.types import Receive

from functions.web.batching import QueueFull
from functions.web.time_limit import TimeLimit

MAX_WAITING_BYTES = 67_108_864
"""How many bytes all bodies in memory may use together, if a setting does not say otherwise."""

EVERYBODY = ""
"""The owner of bodies that no partner sent. This owner may use all of the memory."""


class BodyTooLarge(Exception):
    """The body is longer than the limit; the rest of it is not read."""


class BodyIncomplete(Exception):
    """The connection ended before the whole body arrived."""


class BodyLate(Exception):
    """The whole body did not arrive within the time limit."""


class Shares:
    """Divides a limited amount among owners. An owner may hold at most as much as stays free.

    Args:
        size: the total amount.
    """

    def __init__(self, size: int) -> None:
        self._free = size
        self._held: dict[str, int] = {}

    def take(self, amount: int, owner: str) -> None:
        """Take some of the amount for an owner.

        Raises:
            QueueFull: too little is free, or the owner would then hold more than stays free.
        """
        free = self._free - amount
        held = self._held.get(owner, 0) + amount
        if free < 0 or (owner != EVERYBODY and amount and held > free):
            raise QueueFull
        self._free = free
        self._held[owner] = held

    def give(self, amount: int, owner: str) -> None:
        """Give back some of the amount that an owner holds."""
        self._free += amount
        held = self._held.get(owner, 0) - amount
        if held:
            self._held[owner] = held
        else:
            self._held.pop(owner, None)


class Intake:
    """Reads bodies; limits the bytes of all bodies in memory, and the number of unfinished bodies.

    Bytes count from their arrival, not from the Content-Length. A body counts as unfinished from
    the call of `read` until its last byte arrives.

    Args:
        max_bytes: the maximum bytes of all bodies in memory together.
        max_unfinished: the maximum number of bodies that are being received.
        seconds: the time limit in seconds for reading one body; None for no limit.
    """

    def __init__(
        self, max_bytes: int, max_unfinished: int = sys.maxsize, seconds: float | None = None
    ) -> None:
        self._bytes = Shares(max_bytes)
        self._unfinished = Shares(max_unfinished)
        self._limit = None if seconds is None else TimeLimit(seconds)

    async def read(
        self, receive: Receive, limit: int = sys.maxsize, owner: str = EVERYBODY
    ) -> bytes:
        """Read a request's body. Its bytes count until `release` is called.

        Args:
            receive: the ASGI `receive` of the request.
            limit: the maximum size of the body in bytes.
            owner: the name of the partner who sends the body.

        Returns:
            The body. The caller must call `release` when the request is answered.

        Raises:
            QueueFull: too much memory is in use, or too many bodies are unfinished: in total, or by
                this owner.
            BodyTooLarge: the body is longer than `limit`.
            BodyIncomplete: the connection ended before the whole body arrived.
            BodyLate: the whole body did not arrive within the time limit.
        """
        self._unfinished.take(1, owner)
        within = self._limit
        task = within.begin() if within else None
        try:
            return await self._read(receive, limit, owner)
        except asyncio.CancelledError:
            if within and task and within.is_late(task):
                raise BodyLate from None
            raise
        finally:
            if within and task:
                within.end(task)
            self._unfinished.give(1, owner)

    async def _read(self, receive: Receive, limit: int, owner: str) -> bytes:
        # `Request.body` of Starlette does the same with an asynchronous generator, but takes longer
        # than parsing the body.
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
                if not body:  # most bodies arrive in one piece
                    body = chunk
                else:
                    body = bytearray(body) if isinstance(body, bytes) else body
                    body += chunk
                more = message.get("more_body", False)
        finally:
            if more:  # the body is incomplete
                self._bytes.give(len(body), owner)
        return bytes(body)

    def release(self, body: bytes, owner: str = EVERYBODY) -> None:
        """Stop counting the bytes of a body that `read` returned to this owner."""
        self._bytes.give(len(body), owner)

    def take(self, size: int, owner: str) -> None:
        """Count bytes that a request uses besides its body, until `give`.

        Raises:
            QueueFull: too much memory is in use, in total or for this owner.
        """
        self._bytes.take(size, owner)

    def give(self, size: int, owner: str) -> None:
        """Stop counting bytes that `take` counted."""
        self._bytes.give(size, owner)


class Held:
    """The bytes that a request uses besides its body.

    Args:
        intake: counts the bytes of all requests.
        owner: the name of the partner who sends the request.
    """

    def __init__(self, intake: Intake, owner: str) -> None:
        self._intake = intake
        self._owner = owner
        self._size = 0

    def take(self, size: int) -> None:
        """Count more bytes.

        Raises:
            QueueFull: too much memory is in use, in total or for this owner.
        """
        self._intake.take(size, self._owner)
        self._size += size

    def release(self) -> None:
        """Stop counting all bytes that were taken."""
        self._intake.give(self._size, self._owner)
        self._size = 0
