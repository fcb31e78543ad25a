"""What became of a burst in the end: the sender's record against what analysts see."""

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
    """Bring everything back, replay, and hold the outcome against the record.

    Every event that was answered 2xx is shown exactly once; every other one at most once. All
    copies of an event that the receiver gave its id have the time of receipt that it gave: the view
    ``events`` finds copies by both.

    Returns:
        The rooms of the events that are shown.
    """
    await rig.recover()
    await drain(rig)
    shown = await _shown(rig, record)
    assert record.accepted - shown.keys() == set(), "accepted, and not there"
    assert shown.keys() - record.sent == set()
    assert [room for room, count in shown.items() if count > 1] == [], "shown more than once"
    assert await rig.rows(AT_TWO_TIMES.format(events=events_of(rig.cell))) == []
    return set(shown)


async def drain(rig: Rig) -> None:
    """Replay until nothing is left, as the scheduler does.

    An upload that was given up may still arrive meanwhile, and a slow answer ends a replay early.
    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            report = await rig.replay()
            assert report["failed"] == []
            if report["status"] == 200 and not await rig.spilled():
                return


async def _shown(rig: Rig, record: Record) -> Counter[str]:
    """Wait until the accepted events are there and no more come; how often each room is shown."""
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
