"""Appends rows to one BigQuery table: Storage Write API, default stream, one connection.

The calls are made without the generated client: its messages and its stream class cost several
times as much per row, and it resends nothing and gives no deadline either.

The default stream is at-least-once. An append whose answer was lost may have been stored, so a
retry can store rows twice; the warehouse settles that by ingest id.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import grpc
import grpc.aio

from functions.grpc_channel import routing_header
from functions.load.storage_write import APPEND_ROWS, AppendRowsResponse, append_request

IDLE_SECONDS = 30.0
"""A connection that was quiet for longer is replaced before it is used.

An instance without requests is frozen and wakes with connections that are dead without knowing it;
an append on one would wait for its whole deadline.
"""

_DEAD = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,  # cut, refused, or the server went away
        grpc.StatusCode.ABORTED,  # the service closed it, as it does with idle ones
        grpc.StatusCode.CANCELLED,  # reset by a proxy or by the server's shutdown
        grpc.StatusCode.INTERNAL,  # a broken HTTP/2 stream is reported so
        grpc.StatusCode.UNKNOWN,  # the same, by some proxies
        grpc.StatusCode.OK,  # ended by the server without an answer to what was sent
    }
)
"""Ends of a connection after which a new one may work at once."""


class AppendFailed(Exception):
    """It is not known that the rows are stored; they may come again later.

    Attributes:
        reason: a code such as ``UNAVAILABLE`` or ``deadline``; it names no value.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _ConnectionDead(AppendFailed):
    """The connection ended before the answer, and a new one may work."""


class TableAppender:
    """Appends rows to a table, several appends at a time on one connection.

    Args:
        open_channel: opens a channel to the service. Every connection has its own, because a
            channel that has lost its peer may not notice for minutes.
        table: ``projects/P/datasets/D/tables/T``.
        descriptor: the serialised descriptor of a row.
        deadline: seconds that one append may take, reconnecting included.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        open_channel: Callable[[], grpc.aio.Channel],
        table: str,
        descriptor: bytes,
        *,
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_channel = open_channel
        self._stream = f"{table}/streams/_default"
        self._descriptor = descriptor
        self._deadline = deadline
        self._clock = clock
        self._connection: _Connection | None = None

    async def append(self, rows: Sequence[bytes]) -> Mapping[int, int]:
        """Append rows, all or none of them.

        Args:
            rows: serialised rows, together within the limits of a request.

        Returns:
            The codes of the rows that BigQuery refuses, by their index; nothing was stored then.
            Empty when all rows are stored.

        Raises:
            AppendFailed: they are not known to be stored.
        """
        try:
            async with asyncio.timeout(self._deadline):
                try:
                    return await self._connected().append(rows)
                except _ConnectionDead:
                    return await self._connected().append(rows)
        except TimeoutError:
            failure = AppendFailed("deadline")
            if self._connection is not None:
                # What else waits on it has no better prospect than this append had.
                self._connection.end(failure)
            raise failure from None

    async def close(self) -> None:
        """Close the connection; appends under way fail."""
        if self._connection is not None:
            self._connection.end(AppendFailed("closed"))
            await self._connection.ended()

    def _connected(self) -> "_Connection":
        connection = self._connection
        if connection is not None and connection.is_idle_since(self._clock() - IDLE_SECONDS):
            connection.end(_ConnectionDead("idle"))
        if connection is None or connection.is_ended:
            connection = _Connection(
                self._open_channel(), self._stream, self._descriptor, self._clock
            )
            self._connection = connection
        return connection


class _Connection:
    """One AppendRows call: requests go out in order, and so do the answers come in."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        stream: str,
        descriptor: bytes,
        clock: Callable[[], float],
    ) -> None:
        self._channel = channel
        self._stream = stream
        self._descriptor: bytes | None = descriptor
        self._clock = clock
        self._last_used = clock()
        self._requests: asyncio.Queue[bytes] = asyncio.Queue()
        self._pending: deque[asyncio.Future[Any]] = deque()
        self.is_ended = False
        self._task = asyncio.get_running_loop().create_task(self._run())

    def is_idle_since(self, moment: float) -> bool:
        """Say whether nothing is under way and nothing was since the moment."""
        return not self._pending and self._last_used < moment

    async def append(self, rows: Sequence[bytes]) -> Mapping[int, int]:
        request = append_request(self._stream, rows, self._descriptor)
        self._descriptor = None  # The first request of a connection describes the rows of all.
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending.append(answered)
        self._requests.put_nowait(request.SerializeToString())
        response = await answered
        if response.row_errors:
            return {error.index: error.code for error in response.row_errors}
        if response.HasField("error"):
            raise AppendFailed(_status_name(response.error.code))
        return {}

    def end(self, failure: AppendFailed) -> None:
        """Fail what is under way and close the connection."""
        self._fail(failure)
        self._task.cancel()

    async def ended(self) -> None:
        """Wait until the channel is closed."""
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        failure: AppendFailed = _ConnectionDead("OK")
        try:
            await self._receive()
        except grpc.aio.AioRpcError as error:
            code = error.code()
            failure = (_ConnectionDead if code in _DEAD else AppendFailed)(code.name)
        finally:
            self._fail(failure)
            await self._channel.close(None)

    def _fail(self, failure: AppendFailed) -> None:
        self.is_ended = True
        while self._pending:
            answered = self._pending.popleft()
            if not answered.done():
                answered.set_exception(failure)

    async def _receive(self) -> None:
        call = self._channel.stream_stream(
            APPEND_ROWS,
            request_serializer=bytes,
            response_deserializer=AppendRowsResponse.FromString,
        )(self._send(), metadata=routing_header("write_stream", self._stream))
        async for response in call:
            self._last_used = self._clock()
            if not self._pending:
                break
            answered = self._pending.popleft()
            if not answered.done():
                answered.set_result(response)

    async def _send(self) -> AsyncIterator[bytes]:
        while True:
            yield await self._requests.get()


def _status_name(code: int) -> str:
    names = {status.value[0]: status.name for status in grpc.StatusCode}
    return names.get(code, f"status {code}")
