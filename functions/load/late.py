"""Notes the days of rows that come late, before the rows are stored.

Sweeps and nightly jobs look only at days with news. A late row changes a day that these jobs may
have looked at before; the note makes them look again. If the process ends between the note and the
row, Pub/Sub delivers the event again, and a note without a row does no harm.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from functions.events.coerce import MICROSECONDS
from functions.load.connection import AppendFailed
from functions.load.row import Row
from functions.load.table import RowRefused
from functions.warehouse.late_days import LATE, REMEMBERED_NOTE

_MICROSECOND = timedelta(microseconds=1)
_LATE = LATE // _MICROSECOND
_REMEMBERED_NOTE = REMEMBERED_NOTE // _MICROSECOND
_DAY = 86_400 * MICROSECONDS


def is_late(received_at: int, now: int) -> bool:
    """Return whether a row comes late: it is stored more than an hour after the event was received.

    Args:
        received_at: when the event was received, in microseconds since 1970.
        now: the current time, in the same unit.
    """
    return now - received_at > _LATE


class LateDays:
    """Writes notes to ``late_days_v1``: for each day, at most one in ten minutes.

    Args:
        store: stores a row of ``late_days_v1``, like `functions.load.table.TableWriter.store`.
    """

    def __init__(self, store: Callable[[Row], Awaitable[None]]) -> None:
        self._store = store
        self._noted: dict[int, int] = {}  # at most one entry for each day that BigQuery accepts
        self._storing: dict[int, asyncio.Task[None]] = {}

    async def note(self, received_at: int, now: int) -> None:
        """Note the day of a late row; return when the note is stored.

        Args:
            received_at: when the event was received, in microseconds since 1970.
            now: the current time, in the same unit.

        Raises:
            AppendFailed: it is unknown whether the note is stored, so the row must not be stored.
            QueueFull: too many notes are waiting.
        """
        day = received_at // _DAY
        if abs(now - self._noted.get(day, -_DAY)) < _REMEMBERED_NOTE:
            return
        if day not in self._storing:
            # Deliveries of this day that arrive before the note is stored wait for the same note.
            self._storing[day] = asyncio.ensure_future(self._note(day, now))
        await asyncio.shield(self._storing[day])

    async def _note(self, day: int, now: int) -> None:
        try:
            await self._store({"noted_at": now, "day": day, "reason": "late"})
            self._noted[day] = now
        except RowRefused as refusal:
            # BigQuery refused the note, not the event's row. AppendFailed makes Pub/Sub deliver the
            # event again.
            raise AppendFailed("late_day_refused") from refusal
        finally:
            del self._storing[day]
