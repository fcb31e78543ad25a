"""Appends rows to one BigQuery table: Storage Write API, default stream, one connection.

The default stream is at-least-once. An append whose answer was lost may have been stored, so a
retry can store rows twice; the warehouse settles that by ingest id. So that it can delete the one
copy and keep the other, a row that is sent again must differ from its copy.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import grpc.aio

from functions.load.connection import AppendFailed, Connection, ConnectionDead

IDLE_SECONDS = 30.0
"""A connection that was quiet for longer is replaced before it is used.

An instance without requests is frozen and wakes with connections that are dead without knowing it;
an append on one would wait for its whole deadline.
"""


class TableAppender:
    """Appends rows to a table, several appends at a time on one connection.

    Args:
        open_channel: opens a channel to the service. Every connection has its own, because a
            channel that has lost its peer may not notice for minutes.
        table: ``projects/P/datasets/D/tables/T``.
        descriptor: the serialised descriptor of a row.
        deadline: seconds that one append may take, reconnecting included.
        renew: makes of a row the one that is sent again, which can be told from the first.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        open_channel: Callable[[], grpc.aio.Channel],
        table: str,
        descriptor: bytes,
        *,
        deadline: float,
        renew: Callable[[bytes], bytes] = bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_channel = open_channel
        self._stream = f"{table}/streams/_default"
        self._descriptor = descriptor
        self._deadline = deadline
        self._renew = renew
        self._clock = clock
        self._connection: Connection | None = None

    async def append(self, rows: Sequence[bytes]) -> Mapping[int, int]:
        """Append rows, all or none of them.

        Args:
            rows: serialised rows, together within the limits of a request.

        Returns:
            The codes of the rows that BigQuery refuses, by their index; nothing was stored then.
            Empty when all rows are stored.

        Raises:
            RowsRefused: some rows are bad, and BigQuery does not say which; nothing was stored.
            AppendFailed: they are not known to be stored.
        """
        try:
            async with asyncio.timeout(self._deadline):
                try:
                    return await self._connected().append(rows)
                except ConnectionDead:
                    again = [self._renew(row) for row in rows]
                    return await self._connected().append(again)
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

    def _connected(self) -> Connection:
        connection = self._connection
        if connection is not None and connection.is_idle_since(self._clock() - IDLE_SECONDS):
            connection.end(ConnectionDead("idle"))
        if connection is None or connection.is_ended:
            connection = Connection(
                self._open_channel(), self._stream, self._descriptor, self._clock
            )
            self._connection = connection
        return connection
