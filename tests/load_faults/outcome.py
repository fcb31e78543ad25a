"""What became of a burst in the end: what was published against what analysts see."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from functions.retained.quarantine import Quarantined
from tests.cell.running import PATIENCE_SECONDS
from tests.load_faults.feed import Event
from tests.load_faults.rig import LoaderRig


async def expect_exactly_once(rig: LoaderRig, burst: str, events: Sequence[Event]) -> None:
    """Bring everything back and hold the outcome against what was published.

    Each good event is shown exactly once; each poison event is in quarantine, with its reason,
    once, and is not shown.
    """
    await rig.recover()
    good = {event.ingest_id for event in events if event.reason is None}
    poison = {event.ingest_id: event.reason for event in events if event.reason}
    shown = await _shown(rig, burst, len(good))
    assert good - shown.keys() == set(), "published, and not there"
    assert shown.keys() - good == set(), "shown, and not good"
    assert set(shown.values()) <= {1}, "shown more than once"
    kept = await _kept(rig, burst, len(poison))
    assert {_ingest_id(record.attributes): record.reason for record in kept} == poison
    assert len(kept) == len(poison)


def _ingest_id(attributes: dict[str, str] | None) -> str:
    assert attributes
    return attributes["ingest_id"]


async def _kept(rig: LoaderRig, burst: str, count: int) -> list[Quarantined]:
    """Wait until as many are in quarantine as expected: what failed to get there comes again."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(found := await rig.quarantined(burst)) < count:  # noqa: ASYNC110 - no Event tells
            await asyncio.sleep(0.2)
    return found


async def _shown(rig: LoaderRig, burst: str, count: int) -> Counter[str]:
    """Wait until as many are shown as expected and no more come; how often each is shown."""
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
