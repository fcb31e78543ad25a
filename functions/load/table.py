"""Stores rows of concurrent deliveries in a table, and tells each what became of its own."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from functions.load.connection import AppendFailed, RowsRefused
from functions.load.protobuf import NotEncodable, RowEncoder
from functions.load.row import Row
from functions.load.storage_write import MAX_REQUEST_BYTES
from functions.observe.log import log
from functions.web.batching import Batcher

Append = Callable[[Sequence[bytes]], Awaitable[Mapping[int, int]]]
"""Stores all rows and returns nothing, or stores none and names the bad ones with their codes."""

ROW_FRAME_BYTES = 8
"""What a row takes in a request beside itself: a tag and its length."""

MAX_SUSPECTS = 8
"""If so many rows are refused by themselves and none is stored, the rows are not at fault."""


class RowRefused(Exception):
    """This row can never be stored.

    Attributes:
        reason: ``not_encodable``: it does not fit the table's schema; ``row_too_large``: it is
            larger than a row may be; ``row_refused``: BigQuery does not take it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TableWriter:
    """Stores rows, many deliveries' rows in one append.

    Args:
        name: of the table, for the log.
        encoder: encodes its rows.
        append: appends serialised rows.
        max_rows: the most rows in one append; the API takes 10,000.
        max_row_bytes: the largest row; none is larger than a request.
        max_in_flight: appends under way at a time.
        spacing: seconds between the starts of appends, while any is under way.
        max_waiting: rows that may wait for theirs.
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
        """Store a row; returns when it is in BigQuery.

        Raises:
            RowRefused: it can never be stored.
            AppendFailed: it is not known to be stored.
            QueueFull: too many rows wait already.
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
    """Store what can be stored of a batch.

    BigQuery stores nothing of an append with a bad row. Where it names the bad ones, they are
    taken out and the others are sent again; where it does not, the halves are tried by themselves.

    Args:
        append: appends rows.
        rows: serialised rows.
        proven: whether the table took rows before, so that a row which it refuses is at fault.

    Returns:
        For each row whether it is stored; false where BigQuery refuses it.

    Raises:
        AppendFailed: the good rows are not known to be stored; or it refused all that was tried,
            so that the fault may lie with the table or this writer.
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
            raise AppendFailed("row errors name no row of the append")
        good = [index for position, index in enumerate(indexes) if position not in refused]
        if refused:
            proven = True  # it understands the rows well enough to name the bad ones
            waiting += [good] if good else []
        for index in () if refused else good:
            stored[index] = True
    return stored
