"""Appends rows to one BigQuery table through the Storage Write API's default stream.

The default stream stores rows at least once: if the answer to an append is lost, a retry can store
the rows a second time. Settling later finds such copies by ingest id, and keeps only one of them.
It must be able to tell the copies apart, so a row is changed before it is sent again.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import grpc.aio

from functions.load.connection import (
    AppendFailed,
    Connection,
    ConnectionDead,
    SchemaMismatch,
    stream_columns,
)
from functions.load.fit import Fit, NoPlace
from functions.observe.log import log

IDLE_SECONDS = 30.0
"""A connection that was idle for this many seconds is replaced before the next append.

Cloud Run freezes an instance without requests. When the instance wakes, a connection may be dead
without any sign, and an append on it would wait until its time limit.
"""

LOOK_SECONDS = 60.0
"""While the table lacks columns, the number of seconds between checks for these columns."""

ASK_SECONDS = 5.0
"""The seconds for which a fetched list of the table's columns is reused. So not every append that
fails fetches the list."""

MAX_MISMATCHES = 3
"""The maximum number of times that an append is repeated with fewer columns. Each error may name
other missing columns."""


class TableAppender:
    """Appends rows to a table, with several concurrent appends on one connection.

    If the table lacks columns, `functions.load.fit` moves the values into another column.

    Args:
        open_channel: opens a channel to the service. Each connection has its own channel, because
            a channel may take minutes to notice that its peer is gone.
        table: the table's full name, ``projects/P/datasets/D/tables/T``.
        fit: changes rows so that they fit the columns of the table.
        deadline: the time limit of one append in seconds, including reconnecting.
        renew: changes an encoded row before it is sent again, so that the two copies differ.
        clock: returns monotonic seconds.
    """

    def __init__(
        self,
        open_channel: Callable[[], grpc.aio.Channel],
        table: str,
        fit: Fit,
        *,
        deadline: float,
        renew: Callable[[bytes], bytes] = bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_channel = open_channel
        self._name = table.rpartition("/")[2]
        self._stream = f"{table}/streams/_default"
        self._fit = fit
        self._deadline = deadline
        self._renew = renew
        self._clock = clock
        self._looked_at = clock()
        self._narrower: Fit | None = None
        self._columns: list[str] = []
        self._asked_at = float("-inf")
        self._refitting = asyncio.Lock()
        self._connection: Connection | None = None

    async def append(self, rows: Sequence[bytes]) -> Mapping[int, int]:
        """Append all rows or none.

        Args:
            rows: serialised rows, which must fit into one request.

        Returns:
            The error code of each row that BigQuery refused, by the row's index. If the mapping is
            empty, all rows are stored; otherwise none is stored.

        Raises:
            RowsRefused: BigQuery refuses some rows, but does not say which; no row is stored.
            AppendFailed: it is unknown whether the rows are stored.
        """
        try:
            async with asyncio.timeout(self._deadline):
                await self._look_for_columns()
                try:
                    return await self._append_fitted(rows)
                except ConnectionDead:
                    return await self._append_fitted([self._renew(row) for row in rows])
        except TimeoutError:
            failure = AppendFailed("deadline")
            if self._connection is not None:
                # End the connection, because its other appends would also time out.
                self._connection.end(failure)
            raise failure from None

    async def close(self) -> None:
        """Close the connection; appends in progress fail."""
        if self._connection is not None:
            self._connection.end(AppendFailed("closed"))
            await self._connection.ended()

    async def _append_fitted(self, rows: Sequence[bytes]) -> Mapping[int, int]:
        """Append rows; if the table lacks some columns, try again without these columns."""
        for _ in range(MAX_MISMATCHES):
            fit = self._fit
            try:
                return await self._connected().append(_fitted(rows, fit), fit.descriptor)
            except SchemaMismatch as mismatch:
                await self._refit(fit, mismatch)
        fit = self._fit
        return await self._connected().append(_fitted(rows, fit), fit.descriptor)

    async def _refit(self, used: Fit, mismatch: SchemaMismatch) -> None:
        """From now on, leave out the columns that the table lacks.

        Two sources name these columns: BigQuery's error, and the schema of the stream. Right after
        a change of the table, only one of them may be up to date.

        Raises:
            SchemaMismatch: no further column is known to be missing; the error is the argument
                `mismatch`.
        """
        async with self._refitting:
            if self._fit is not used:
                return  # another append has left out columns meanwhile
            columns = await self._ask_columns()
            lacking = used.missing_in(columns) if columns else frozenset()
            fit = used.without(lacking | mismatch.columns | used.missing)
            if fit.missing == used.missing and self._narrower is not None:
                fit = self._narrower  # new columns are visible, but cannot be used yet
            if fit.missing <= used.missing:
                raise mismatch
            self._use(fit)

    async def _look_for_columns(self) -> None:
        """Check from time to time whether the table now has the missing columns."""
        if self._fit.missing and self._clock() >= self._looked_at + LOOK_SECONDS:
            self._looked_at = self._clock()
            self._told(await self._ask_columns())

    async def _ask_columns(self) -> list[str]:
        """Return the table's columns; empty if they cannot be fetched."""
        if self._clock() >= self._asked_at + ASK_SECONDS:
            self._asked_at = self._clock()
            try:
                self._columns = await stream_columns(self._open_channel(), self._stream)
            except grpc.aio.AioRpcError as error:
                self._columns = []
                log("WARNING", "columns not known", table=self._name, reason=error.code().name)
        return self._columns

    def _told(self, columns: Iterable[str]) -> None:
        """Use the missing columns that the service now reports; ignore an empty list."""
        known = list(columns)
        if known and self._fit.missing:
            narrower = self._fit
            self._use(narrower.without(narrower.missing_in(known)))
            if self._fit.missing < narrower.missing:
                self._narrower = narrower

    def _use(self, fit: Fit) -> None:
        """Use the columns of another `Fit` from now on, and log the change."""
        if fit.missing == self._fit.missing:
            return
        self._fit = fit
        self._looked_at = self._clock()
        if fit.missing:
            log("WARNING", "table lacks columns", table=self._name, columns=sorted(fit.missing))
        else:
            log("INFO", "table has all columns", table=self._name)

    def _connected(self) -> Connection:
        connection = self._connection
        if connection is not None and connection.is_idle_since(self._clock() - IDLE_SECONDS):
            connection.end(ConnectionDead("idle"))
        if connection is None or connection.is_ended:
            connection = Connection(self._open_channel(), self._stream, self._clock, self._told)
            self._connection = connection
        return connection


def _fitted(rows: Sequence[bytes], fit: Fit) -> Sequence[bytes]:
    """Change rows so that they fit the table.

    Raises:
        AppendFailed: a row has a value for a missing column, and the table has no place for the
            value. Pub/Sub will deliver the event again. The append will succeed when the table has
            the column.
    """
    if not fit.missing:
        return rows
    try:
        return [fit.apply(row) for row in rows]
    except NoPlace:
        raise AppendFailed("schema_mismatch") from None
