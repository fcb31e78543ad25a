"""Compares the published events of a burst with those that the views show in the end."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from functions.retained.quarantine import Quarantined
from tests.cell.running import PATIENCE_SECONDS
from tests.load_faults.feed import Event
from tests.load_faults.rig import LoaderRig


async def expect_exactly_once(rig: LoaderRig, burst: str, events: Sequence[Event]) -> None:
    """Repair the cell, and compare the views and the quarantine with the published events.

    Each good event must be shown exactly once. Each poison event must be in quarantine once, with
    its reason, and must not be shown.
    """
    await rig.recover()
    good = {event.ingest_id for event in events if event.reason is None}
    poison = {event.ingest_id: event.reason for event in events if event.reason}
    shown = await _shown(rig, burst, len(good))
    assert good - shown.keys() == set(), "published, but not shown"
    assert shown.keys() - good == set(), "shown, although it cannot be stored"
    assert set(shown.values()) <= {1}, "shown more than once"
    kept = await _kept(rig, burst, len(poison))
    assert {_ingest_id(record.attributes): record.reason for record in kept} == poison
    assert len(kept) == len(poison)


def _ingest_id(attributes: dict[str, str] | None) -> str:
    assert attributes
    return attributes["ingest_id"]


async def _kept(rig: LoaderRig, burst: str, count: int) -> list[Quarantined]:
    """Wait until as many events are in quarantine as expected; Pub/Sub repeats failed ones."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(found := await rig.quarantined(burst)) < count:  # noqa: ASYNC110 - nothing sets an Event
            await asyncio.sleep(0.2)
    return found


async def _shown(rig: LoaderRig, burst: str, count: int) -> Counter[str]:
    """Wait until as many events are shown as expected and no more come; count each event."""
    before, found = -1, 0
    async with asyncio.timeout(PATIENCE_SECONDS):
        while found < count or found != before:
            await asyncio.sleep(0.2)
            before, found = found, await _count(rig, burst)
    rows = await rig.rows(
        "SELECT ingest_id, COUNT(*) AS shown FROM events"
        f" WHERE STARTS_WITH(ingest_id, '{burst}-') GROUP BY ingest_id"
    )
    return Counter({row["ingest_id"]: row["shown"] for row in rows})


async def _count(rig: LoaderRig, burst: str) -> int:
    [row] = await rig.rows(
        f"SELECT COUNT(*) AS n FROM events WHERE STARTS_WITH(ingest_id, '{burst}-')"
    )
    return int(row["n"])
