"""Appends rows to one BigQuery table: Storage Write API, default stream, one connection.

The default stream is at-least-once. An append whose answer was lost may have been stored, so a
retry can store rows twice; the warehouse settles that by ingest id. So that it can delete the one
copy and keep the other, a row that is sent again must differ from its copy.
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
"""A connection that was quiet for longer is replaced before it is used.

An instance without requests is frozen and wakes with connections that are dead without knowing it;
an append on one would wait for its whole deadline.
"""

LOOK_SECONDS = 60.0
"""How often the table is asked whether it has the columns that it lacked."""

ASK_SECONDS = 5.0
"""How long an answer to that question counts, so that failing appends do not ask each time."""

MAX_MISMATCHES = 3
"""How often an append is tried with fewer columns: each time BigQuery may name others."""


class TableAppender:
    """Appends rows to a table, several appends at a time on one connection.

    Columns that the table lacks are left out, and their values kept, as `functions.load.fit` says.

    Args:
        open_channel: opens a channel to the service. Every connection has its own, because a
            channel that has lost its peer may not notice for minutes.
        table: ``projects/P/datasets/D/tables/T``.
        fit: fits the rows to the table.
        deadline: seconds that one append may take, reconnecting included.
        renew: makes of a row the one that is sent again, which can be told from the first.
        clock: monotonic seconds.
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
                await self._look_for_columns()
                try:
                    return await self._append_fitted(rows)
                except ConnectionDead:
                    return await self._append_fitted([self._renew(row) for row in rows])
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

    async def _append_fitted(self, rows: Sequence[bytes]) -> Mapping[int, int]:
        """Append rows, with fewer columns where the table lacks some."""
        for _ in range(MAX_MISMATCHES):
            fit = self._fit
            try:
                return await self._connected().append(_fitted(rows, fit), fit.descriptor)
            except SchemaMismatch as mismatch:
                await self._refit(fit, mismatch)
        fit = self._fit
        return await self._connected().append(_fitted(rows, fit), fit.descriptor)

    async def _refit(self, used: Fit, mismatch: SchemaMismatch) -> None:
        """Leave out the columns that the table lacks.

        What BigQuery's error names counts beside what the stream tells: right after a change one
        part of the service may know of it and another not.

        Raises:
            SchemaMismatch: the given one; no column is known to be lacking.
        """
        async with self._refitting:
            if self._fit is not used:
                return  # another append has done it
            columns = await self._ask_columns()
            lacking = used.missing_in(columns) if columns else frozenset()
            fit = used.without(lacking | mismatch.columns | used.missing)
            if fit.missing == used.missing and self._narrower is not None:
                fit = self._narrower  # it looked too early as if the table had all columns
            if fit.missing <= used.missing:
                raise mismatch
            self._use(fit)

    async def _look_for_columns(self) -> None:
        """Ask, now and then, whether the table has got what it lacked."""
        if self._fit.missing and self._clock() >= self._looked_at + LOOK_SECONDS:
            self._looked_at = self._clock()
            self._told(await self._ask_columns())

    async def _ask_columns(self) -> list[str]:
        """Return the table's columns, or nothing where they cannot be had."""
        if self._clock() >= self._asked_at + ASK_SECONDS:
            self._asked_at = self._clock()
            try:
                self._columns = await stream_columns(self._open_channel(), self._stream)
            except grpc.aio.AioRpcError as error:
                self._columns = []
                log("WARNING", "columns not known", table=self._name, reason=error.code().name)
        return self._columns

    def _told(self, columns: Iterable[str]) -> None:
        """Use what the service tells of the table's columns; nothing tells nothing."""
        known = list(columns)
        if known and self._fit.missing:
            narrower = self._fit
            self._use(narrower.without(narrower.missing_in(known)))
            if self._fit.missing < narrower.missing:
                self._narrower = narrower

    def _use(self, fit: Fit) -> None:
        """Write another set of columns from now on, and say so."""
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
    """Fit rows.

    Raises:
        AppendFailed: a value would be lost; the rows may come again when the table has its column.
    """
    if not fit.missing:
        return rows
    try:
        return [fit.apply(row) for row in rows]
    except NoPlace:
        raise AppendFailed("schema_mismatch") from None
