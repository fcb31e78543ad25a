"""One AppendRows call of the Storage Write API, made without the generated client.

That client's message classes cost several times as much per row, and its stream class answers in
threads, without a deadline.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any

import grpc
import grpc.aio

from functions.google.grpc_channel import routing_header
from functions.load.storage_write import (
    APPEND_ROWS,
    GET_WRITE_STREAM,
    VIEW_FULL,
    AppendRowsResponse,
    GetWriteStreamRequest,
    WriteStream,
    append_request,
    column_paths,
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

_EXTRA_FIELDS = re.compile(r"extra fields?: '([^']*)'", re.IGNORECASE)


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


class SchemaMismatch(AppendFailed):
    """The table lacks a column of the rows, or has it in another type; nothing is stored.

    Attributes:
        columns: that BigQuery names as lacking, a field of a RECORD as ``record.field``. They are
            read from the error's text, which is not a contract, so this may be empty.
    """

    def __init__(self, columns: frozenset[str]) -> None:
        super().__init__("schema_mismatch")
        self.columns = columns


class RowsRefused(AppendFailed):
    """BigQuery refuses rows of the append, without saying which; none is stored."""


class Connection:
    """Sends requests in order; the answers come in the same order.

    Attributes:
        is_ended: it can be used no more.

    Args:
        channel: a channel of its own, closed with it.
        stream: full name of the write stream.
        clock: monotonic seconds.
        on_schema: told the table's columns when the service says that they have changed.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        stream: str,
        clock: Callable[[], float],
        on_schema: Callable[[Iterable[str]], None],
    ) -> None:
        self._channel = channel
        self._stream = stream
        self._sent: bytes | None = None
        self._accepted: bytes | None = None
        self._on_schema = on_schema
        self._clock = clock
        self._last_used = clock()
        self._requests: asyncio.Queue[bytes] = asyncio.Queue()
        self._pending: deque[asyncio.Future[Any]] = deque()
        self.is_ended = False
        self._task = asyncio.get_running_loop().create_task(self._run())

    def is_idle_since(self, moment: float) -> bool:
        """Say whether nothing is under way and nothing was since the moment."""
        return not self._pending and self._last_used < moment

    async def append(self, rows: Sequence[bytes], descriptor: bytes) -> Mapping[int, int]:
        """Append rows, as `functions.load.append.TableAppender.append` does, without a deadline.

        Args:
            rows: serialised rows.
            descriptor: the serialised descriptor of a row.

        Raises:
            ConnectionDead: the connection ended before the answer, and a new one may work.
            SchemaMismatch: the rows have a column that the table lacks.
            RowsRefused: some rows are bad, and BigQuery does not say which.
            AppendFailed: they are not known to be stored.
        """
        # The service wants it in a connection's first request and where it changes
        # ("ProtoData.writer_schema"). It goes along until one is known to be taken: what waits
        # behind a request with a refused one must not depend on that.
        known = descriptor == self._sent == self._accepted
        self._sent = descriptor
        request = append_request(self._stream, rows, None if known else descriptor)
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending.append(answered)
        self._requests.put_nowait(request.SerializeToString())
        response = await answered
        if response.HasField("updated_schema"):
            self._on_schema(column_paths(response.updated_schema.fields))
        if response.row_errors:
            return {error.index: error.code for error in response.row_errors}
        if response.HasField("error"):
            self._accepted = None
            raise _failure(response.error)
        self._accepted = descriptor
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
            failure = _ended(error)
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


async def stream_columns(channel: grpc.aio.Channel, stream: str) -> list[str]:
    """Ask for the columns of a stream's table, a field of a RECORD as ``record.field``.

    Args:
        channel: used for this alone, and closed.
        stream: full name of the write stream.

    Raises:
        grpc.aio.AioRpcError: they cannot be had.
    """
    async with channel:
        ask = channel.unary_unary(
            GET_WRITE_STREAM,
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=WriteStream.FromString,
        )
        request = GetWriteStreamRequest(name=stream, view=VIEW_FULL)
        described = await ask(request, metadata=routing_header("name", stream))
    return list(column_paths(described.table_schema.fields))


def _ended(error: grpc.aio.AioRpcError) -> AppendFailed:
    """Tell why a call ended. A schema may be refused so too, instead of in an answer."""
    code, text = error.code(), error.details() or ""
    if code is grpc.StatusCode.INVALID_ARGUMENT and _is_about_schema(text):
        return SchemaMismatch(_named_columns(text))
    return (ConnectionDead if code in _DEAD else AppendFailed)(code.name)


def _failure(status: Any) -> AppendFailed:
    """Tell bad rows from a table that does not know a column yet: that one heals by itself.

    BigQuery says INVALID_ARGUMENT of both. Of a schema it speaks in the error's details, or
    (older servers) in its text only.
    """
    if status.code != grpc.StatusCode.INVALID_ARGUMENT.value[0]:
        return AppendFailed(_status_name(status.code))
    if storage_error_code(status) or _is_about_schema(status.message):
        return SchemaMismatch(_named_columns(status.message))
    return RowsRefused(grpc.StatusCode.INVALID_ARGUMENT.name)


def _is_about_schema(text: str) -> bool:
    return "schema" in text.lower()


def _named_columns(text: str) -> frozenset[str]:
    """Read the columns of "... extra fields: 'a,b.c' ...", as BigQuery writes it today."""
    match = _EXTRA_FIELDS.search(text)
    return frozenset(name.strip() for name in match[1].split(",")) if match else frozenset()


def _status_name(code: int) -> str:
    names = {status.value[0]: status.name for status in grpc.StatusCode}
    return names.get(code, f"status {code}")
