"""Reads request bodies within a time limit, and limits the memory that they use.

A body uses memory from its first byte until its request is answered. All senders share the memory,
and no sender can take all of it: a partner may use at most as much memory as stays free. A single
partner can use half of the memory; two partners can use a third each. So some memory stays free for
other partners, however many connections one partner opens.
"""

import asyncio
import sys

from starlette.types import Receive

from functions.web.batching import QueueFull
from functions.web.time_limit import TimeLimit

MAX_WAITING_BYTES = 67_108_864
"""The default of `max_waiting_bytes`: the bytes that all bodies in memory may use together."""

EVERYBODY = ""
"""The owner of bodies without a partner. This owner may use all of the memory."""


class BodyTooLarge(Exception):
    """The body is longer than the limit; the rest of it is not read."""


class BodyIncomplete(Exception):
    """The connection ended before the body did."""


class BodyLate(Exception):
    """The body did not end within the time limit."""


class Shares:
    """Divides a limited amount among owners.

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
        """Give back some of an owner's share."""
        self._free += amount
        held = self._held.get(owner, 0) - amount
        if held:
            self._held[owner] = held
        else:
            self._held.pop(owner, None)


class Intake:
    """Limits the bytes of all requests in progress, and the number of unfinished bodies.

    Bytes count when they arrive. A sender that announces a length and sends nothing uses no bytes,
    but its body counts as unfinished.

    Args:
        max_bytes: the maximum bytes of all requests in progress together.
        max_unfinished: the maximum number of bodies that are being received.
        seconds: the maximum seconds from the start of a body to its end; None for no limit.
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
        """Read a request's body, and count its bytes until `release`.

        Args:
            receive: the ASGI `receive` of the request.
            limit: the maximum size of the body in bytes.
            owner: the name of the partner who sends the body.

        Returns:
            The body. Call `release` after the request is answered, unless this method raises.

        Raises:
            QueueFull: too much memory is in use or too many bodies are unfinished, in total or for
                this owner.
            BodyTooLarge: the body is longer than `limit`.
            BodyIncomplete: the connection ended before the body did.
            BodyLate: the body did not end within the time limit.
        """
        self._unfinished.take(1, owner)
        try:
            if self._limit is None:
                return await self._read(receive, limit, owner)
            return await self._read_in_time(self._limit, receive, limit, owner)
        finally:
            self._unfinished.give(1, owner)

    async def _read_in_time(
        self, within: TimeLimit, receive: Receive, limit: int, owner: str
    ) -> bytes:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine of asyncio always runs in a task
        within.begin(task)
        try:
            return await self._read(receive, limit, owner)
        except asyncio.CancelledError:
            if within.is_late(task):
                raise BodyLate from None
            raise
        finally:
            within.end(task)

    async def _read(self, receive: Receive, limit: int, owner: str) -> bytes:
        # Starlette reads a body with an asynchronous generator, which takes longer than parsing the
        # body.
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
            if more:  # the body did not end
                self._bytes.give(len(body), owner)
        return bytes(body)

    def release(self, body: bytes, owner: str = EVERYBODY) -> None:
        """Stop counting the bytes of a body."""
        self._bytes.give(len(body), owner)
