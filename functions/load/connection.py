"""One AppendRows call of the Storage Write API, made without the generated client.

That client's message classes cost several times as much per row, and its stream class answers in
threads, without a deadline.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import grpc
import grpc.aio

from functions.grpc_channel import routing_header
from functions.load.storage_write import (
    APPEND_ROWS,
    AppendRowsResponse,
    append_request,
    storage_error_code,
)

_DEAD = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,  # cut, refused, or the server went away
        grpc.StatusCode.ABORTED,  # the service closed it, as it does with idle ones
        grpc.StatusCode.CANCELLED,  # reset by a proxy or by the server's shutdown
        grpc.StatusCode.INTERNAL,  # a broken HTTP/2 stream is reported so
        grpc.StatusCode.UNKNOWN,  # the same, by some proxies
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


class ConnectionDead(AppendFailed):
    """The connection ended before the answer, and a new one may work."""


class RowsRefused(AppendFailed):
    """BigQuery refuses rows of the append, without saying which; none is stored."""


class Connection:
    """Sends requests in order; the answers come in the same order.

    Attributes:
        is_ended: it can be used no more.

    Args:
        channel: a channel of its own, closed with it.
        stream: full name of the write stream.
        descriptor: the serialised descriptor of a row.
        clock: monotonic seconds.
    """

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
        """Append rows, as `functions.load.append.TableAppender.append` does, without a deadline.

        Raises:
            ConnectionDead: the connection ended before the answer, and a new one may work.
            RowsRefused: some rows are bad, and BigQuery does not say which.
            AppendFailed: they are not known to be stored.
        """
        request = append_request(self._stream, rows, self._descriptor)
        self._descriptor = None  # The first request of a connection describes the rows of all.
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending.append(answered)
        self._requests.put_nowait(request.SerializeToString())
        response = await answered
        if response.row_errors:
            return {error.index: error.code for error in response.row_errors}
        if response.HasField("error"):
            raise _failure(response.error)
        return {}

    def end(self, failure: AppendFailed) -> None:
        """Fail what is under way and close the connection."""
        self._fail(failure)
        self._task.cancel()

    async def ended(self) -> None:
        """Wait until the channel is closed."""
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        failure: AppendFailed = ConnectionDead("ENDED")  # by the server, without an error
        try:
            await self._receive()
        except grpc.aio.AioRpcError as error:
            code = error.code()
            failure = (ConnectionDead if code in _DEAD else AppendFailed)(code.name)
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


def _failure(status: Any) -> AppendFailed:
    """Tell bad rows from a table that does not know a column yet: that one heals by itself.

    BigQuery says INVALID_ARGUMENT of both. Of a schema it speaks in the error's details, or
    (older servers) in its text only.
    """
    if status.code != grpc.StatusCode.INVALID_ARGUMENT.value[0]:
        return AppendFailed(_status_name(status.code))
    if storage_error_code(status) or "schema" in status.message.lower():
        return AppendFailed("schema_mismatch")
    return RowsRefused(grpc.StatusCode.INVALID_ARGUMENT.name)


def _status_name(code: int) -> str:
    names = {status.value[0]: status.name for status in grpc.StatusCode}
    return names.get(code, f"status {code}")
