"""Calls AppendRows of BigQuery's Storage Write API, without Google's client library.

With the message classes of that library, each row would take several times as long. The library's
stream class uses threads and has no time limit.
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
        grpc.StatusCode.UNAVAILABLE,  # the connection was cut or refused
        grpc.StatusCode.ABORTED,  # the service closed the connection, for example an idle one
        grpc.StatusCode.CANCELLED,  # reset by a proxy, or by the server's shutdown
        grpc.StatusCode.INTERNAL,  # a broken HTTP/2 stream
        grpc.StatusCode.UNKNOWN,  # a broken HTTP/2 stream, as some proxies report it
    }
)
"""If a connection ended with one of these statuses, a new connection may work at once."""

_EXTRA_FIELDS = re.compile(r"extra fields?: '([^']*)'", re.IGNORECASE)


class AppendFailed(Exception):
    """The append failed. It is unknown whether the rows are stored; they may be sent again.

    Attributes:
        reason: a code such as ``UNAVAILABLE`` or ``deadline``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ConnectionDead(AppendFailed):
    """The connection ended before the answer arrived; a new connection may work."""


class SchemaMismatch(AppendFailed):
    """The table lacks a column of the rows, or the column has another type; no row is stored.

    Attributes:
        columns: the missing columns that BigQuery names; a field of a RECORD is named
            ``record.field``. The names come from the text of the error. The form of that text may
            change, so the set may be empty.
    """

    def __init__(self, columns: frozenset[str]) -> None:
        super().__init__("schema_mismatch")
        self.columns = columns


class RowsRefused(AppendFailed):
    """BigQuery refuses some rows of an append, but does not say which; no row is stored."""


class Connection:
    """A connection to the write stream of a table; answers arrive in the order of the requests.

    Attributes:
        is_ended: whether the connection can no longer be used.

    Args:
        channel: a channel for this connection only; it is closed when the connection ends.
        stream: the full name of the write stream.
        clock: returns monotonic seconds.
        on_schema: called with the names of the table's columns when the service reports a change of
            the table.
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
        """Return whether the connection has been idle since a moment (a time of the clock)."""
        return not self._pending and self._last_used < moment

    async def append(self, rows: Sequence[bytes], descriptor: bytes) -> Mapping[int, int]:
        """Append all rows or none, without a time limit.

        Args:
            rows: serialised rows.
            descriptor: the serialised descriptor of a row, which is its protobuf type.

        Returns:
            The error code of each row that BigQuery refused, by the row's index. If the mapping is
            empty, all rows are stored; otherwise none is stored.

        Raises:
            ConnectionDead: the connection ended before the answer arrived; a new connection may
                work.
            SchemaMismatch: the rows have a column that the table lacks.
            RowsRefused: BigQuery refuses some rows, but does not say which.
            AppendFailed: it is unknown whether the rows are stored.
        """
        # The API needs the descriptor in the first request of a connection, and in the first one
        # after each change of the descriptor ("ProtoData.writer_schema"). If the service refuses
        # a request with a descriptor, it may forget the descriptor. So requests have the descriptor
        # until the service has accepted one of them.
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
        """Fail the appends in progress and close the connection."""
        self._fail(failure)
        self._task.cancel()

    async def ended(self) -> None:
        """Wait until the connection's channel is closed."""
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        failure: AppendFailed = ConnectionDead("ENDED")  # the server sent no error
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
    """Fetch the columns of a stream's table; a field of a RECORD is ``record.field``.

    Args:
        channel: a channel for this call only; the call closes it.
        stream: the full name of the write stream.

    Raises:
        grpc.aio.AioRpcError: the call failed.
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
    """Convert the gRPC error that ended a connection to an exception of this module."""
    code, text = error.code(), error.details() or ""
    if code is grpc.StatusCode.INVALID_ARGUMENT and _is_about_schema(text):
        return SchemaMismatch(_named_columns(text))
    return (ConnectionDead if code in _DEAD else AppendFailed)(code.name)


def _failure(status: Any) -> AppendFailed:
    """Convert the status of a failed append to an exception of this module.

    BigQuery answers INVALID_ARGUMENT for bad rows, and also if the table lacks a column. In the
    second case, the details of the status say so; older servers say so only in the text.
    """
    if status.code != grpc.StatusCode.INVALID_ARGUMENT.value[0]:
        return AppendFailed(_status_name(status.code))
    if storage_error_code(status) or _is_about_schema(status.message):
        return SchemaMismatch(_named_columns(status.message))
    return RowsRefused(grpc.StatusCode.INVALID_ARGUMENT.name)


def _is_about_schema(text: str) -> bool:
    return "schema" in text.lower()


def _named_columns(text: str) -> frozenset[str]:
    """Return the columns that an error such as "… extra fields: 'a,b.c' …" names."""
    match = _EXTRA_FIELDS.search(text)
    return frozenset(name.strip() for name in match[1].split(",")) if match else frozenset()


def _status_name(code: int) -> str:
    names = {status.value[0]: status.name for status in grpc.StatusCode}
    return names.get(code, f"status {code}")
