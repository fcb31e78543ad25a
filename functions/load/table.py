"""Stores the rows of concurrent deliveries together, and gives each delivery its own result."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from functions.load.connection import AppendFailed, RowsRefused
from functions.load.protobuf import NotEncodable, RowEncoder
from functions.load.row import Row
from functions.load.storage_write import MAX_REQUEST_BYTES
from functions.observe.log import log
from functions.web.batching import Batcher

Append = Callable[[Sequence[bytes]], Awaitable[Mapping[int, int]]]
"""A function that appends rows. It either stores all rows and returns an empty mapping, or it
stores no row and returns the error code of each refused row, by the row's index."""

ROW_FRAME_BYTES = 8
"""The bytes that a request needs for each row besides the row itself: a tag and a length."""

MAX_SUSPECTS = 8
"""If BigQuery refuses this many single rows and stores none, the append fails. The cause is then
probably the table or this code, not the rows."""


class RowRefused(Exception):
    """A row can never be stored.

    Attributes:
        reason: ``not_encodable`` if the row does not fit the table's schema, ``row_too_large`` if
            it is larger than the limit, ``row_refused`` if BigQuery refuses it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TableWriter:
    """Stores rows of a table. An append contains the rows of several concurrent deliveries.

    Args:
        name: the table's name, for log lines.
        encoder: encodes the table's rows.
        append: appends serialised rows.
        max_rows: the maximum number of rows in one append; the API's limit is 10,000.
        max_row_bytes: the maximum size of a row in bytes; at most the maximum size of a request.
        max_in_flight: the maximum number of concurrent appends.
        spacing: the minimum seconds between the starts of two appends. This applies only while an
            append is in progress.
        max_waiting: the maximum number of waiting rows.
    """

    def __init__(
        self,
        name: str,
        encoder: RowEncoder,
        append: Append,
        *,
        max_rows: int,
        max_row_bytes: int = MAX_REQUEST_BYTES,
        max_in_flight: int,
        max_waiting: int,
        spacing: float = 0.0,
    ) -> None:
        self._name = name
        self._encoder = encoder
        self._append = append
        self._max_row_bytes = min(max_row_bytes, MAX_REQUEST_BYTES)
        self._proven = False
        self._batcher: Batcher[bytes, bool] = Batcher(
            self._send,
            max_items=max_rows,
            max_bytes=MAX_REQUEST_BYTES,
            max_in_flight=max_in_flight,
            max_waiting=max_waiting,
            spacing=spacing,
        )

    async def store(self, row: Row) -> None:
        """Store a row; return when it is in BigQuery.

        Raises:
            RowRefused: the row can never be stored.
            AppendFailed: it is unknown whether the row is stored.
            QueueFull: too many rows are waiting.
        """
        try:
            encoded = self._encoder.encode(row)
        except NotEncodable:
            raise RowRefused("not_encodable") from None
        size = len(encoded) + ROW_FRAME_BYTES
        if size > self._max_row_bytes:
            raise RowRefused("row_too_large")
        if not await self._batcher.put(encoded, size=size):
            raise RowRefused("row_refused")

    async def _send(self, rows: list[bytes]) -> list[bool]:
        try:
            stored = await store_all_good(self._append, rows, proven=self._proven)
        except AppendFailed as failure:
            log(
                "ERROR",
                "rows not stored",
                table=self._name,
                reason=failure.reason,
                rows=len(rows),
            )
            raise
        self._proven = self._proven or any(stored)
        return stored


async def store_all_good(
    append: Append, rows: Sequence[bytes], *, proven: bool = False
) -> list[bool]:
    """Store the good rows of a batch.

    BigQuery refuses a whole append if one of its rows is bad. If BigQuery names the bad rows, the
    good rows are sent again. Otherwise the batch is split into halves, which are sent separately.

    Args:
        append: appends rows.
        rows: serialised rows.
        proven: whether the table has stored rows before. If so, the cause of a refusal is the row.

    Returns:
        For each row, whether it is stored; false if BigQuery refuses it.

    Raises:
        AppendFailed: it is unknown whether the good rows are stored; or BigQuery refused every
            attempt, so the cause may be the table or this code.
    """
    stored = [False] * len(rows)
    suspects = 0
    waiting = [list(range(len(rows)))] if rows else []
    while waiting:
        indexes = waiting.pop()
        try:
            refused = await append([rows[index] for index in indexes])
        except RowsRefused:
            if len(indexes) > 1:
                middle = len(indexes) // 2
                waiting += [indexes[middle:], indexes[:middle]]
                continue
            suspects += 1
            if suspects == MAX_SUSPECTS and not any(stored):
                raise
            if not (proven or waiting or any(stored)):
                raise
            continue
        if not all(0 <= position < len(indexes) for position in refused):
            raise AppendFailed("row errors have an index outside the append")
        good = [index for position, index in enumerate(indexes) if position not in refused]
        if refused:
            proven = True  # the table accepts rows, except those that BigQuery named
            waiting += [good] if good else []
        for index in () if refused else good:
            stored[index] = True
    return stored
