"""A message that fails at every attempt becomes a dead letter, which is replayed after a repair."""

import asyncio
from typing import Any

import pytest

from tests.cell.running import PATIENCE_SECONDS
from tests.load_faults.feed import simulated, with_poison
from tests.load_faults.outcome import expect_exactly_once
from tests.load_faults.rig import LoaderRig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]


async def test_a_replay_loads_dead_letters(rig: LoaderRig) -> None:
    """The loader cannot quarantine bad events, because its bucket does not exist."""
    events = with_poison(simulated("dead", 300))
    poison = [event for event in events if event.reason is not None]
    good = len(events) - len(poison)
    await rig.renew("load", BUCKET="there-is-no-such-bucket")
    async with rig.few_attempts():
        await rig.publish(events)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (seen := await _replay(rig, dry_run=True))["events"] < len(poison):
                pass
    await rig.until_stored("dead", good)
    days = {event.attributes["received_at"][:10] for event in poison}
    assert days <= set(seen["days"])

    await rig.renew("load", MAX_ROW_BYTES="1000000")
    replayed = await _replay(rig)
    assert replayed["events"] >= len(poison), "the dry run must not take letters away"
    assert (days <= set(replayed["days"]), replayed["failed"]) == (True, [])
    repaired = [
        event._replace(reason=None) if event.reason == "row_too_large" else event
        for event in events
    ]
    await expect_exactly_once(rig, "dead", repaired)
    assert (await _replay(rig))["events"] == 0
    await rig.renew("load")


async def _replay(rig: LoaderRig, **body: object) -> dict[str, Any]:
    return await rig.operate("replay", source="dead_letters", **body)
