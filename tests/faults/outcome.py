"""Compares the sender's record of a burst with the events that the views show in the end."""

import asyncio
from collections import Counter

from tests.cell.running import PATIENCE_SECONDS, events_of
from tests.faults.record import Record
from tests.faults.rig import Rig

AT_TWO_TIMES = """
SELECT ingest_id FROM {events}
WHERE SUBSTR(ingest_id, 15, 1) = '7'
GROUP BY ingest_id
HAVING COUNT(DISTINCT received_at) > 1
"""


async def settle(rig: Rig, record: Record) -> set[str]:
    """Repair the cell, replay, and compare the views with the record.

    Each event that was answered with 2xx must be shown exactly once, and each other event at most
    once. If the receiver gave an event its ingest id, all copies must have the same time of
    receipt, because the view ``events`` recognises copies by both.

    Returns:
        The rooms of the events that are shown.
    """
    await rig.recover()
    await drain(rig)
    shown = await _shown(rig, record)
    assert record.accepted - shown.keys() == set(), "accepted, but not shown"
    assert shown.keys() - record.sent == set()
    assert [room for room, count in shown.items() if count > 1] == [], "shown more than once"
    assert await rig.rows(AT_TWO_TIMES.format(events=events_of(rig.cell))) == []
    return set(shown)


async def drain(rig: Rig) -> None:
    """Replay until nothing is left to replay.

    One replay may not be enough: an upload may arrive after the receiver gave it up, and a slow
    answer ends a replay early.
    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            report = await rig.replay()
            assert report["failed"] == []
            if report["status"] == 200 and not await rig.spilled():
                return


async def _shown(rig: Rig, record: Record) -> Counter[str]:
    """Wait until all accepted events are shown and no more come; count the events of each room."""
    where = f"FROM events WHERE STARTS_WITH(room_id, '{record.name}-')"
    before = -1
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            [row] = await rig.rows(f"SELECT COUNT(*) AS events {where}")
            if row["events"] >= len(record.accepted) and row["events"] == before:
                break
            before = row["events"]
            await asyncio.sleep(0.2)
    rooms = await rig.rows(f"SELECT room_id, COUNT(*) AS events {where} GROUP BY room_id")
    return Counter({row["room_id"]: row["events"] for row in rooms})
