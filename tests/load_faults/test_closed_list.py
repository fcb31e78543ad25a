"""If the closed list cannot be read, the loader stores no events, and loses none."""

import asyncio

import pytest

from tests.cell.running import PATIENCE_SECONDS
from tests.load_faults.feed import simulated
from tests.load_faults.outcome import expect_exactly_once
from tests.load_faults.rig import LoaderRig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]

KEEP_SECONDS = 1


async def test_events_wait_until_the_closed_list_can_be_read(rig: LoaderRig) -> None:
    before, meanwhile = simulated("listed", 20), simulated("unlisted", 50)
    keep = {"CLOSED_KEEP_SECONDS": str(KEEP_SECONDS), "CLOSED_REFRESH_SECONDS": "0.1"}
    async with rig.loader(**keep):
        await rig.publish(before)
        await rig.until_stored("listed", len(before))
        secret = rig.cell.secrets / "closed.json"
        hidden = secret.rename(secret.with_suffix(".gone"))
        try:
            await asyncio.sleep(KEEP_SECONDS + 0.1)  # after that, the last good value is too old
            await rig.publish(meanwhile)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while "closed_unavailable" not in rig.logged():  # noqa: ASYNC110 - nothing sets an Event
                    await asyncio.sleep(0.05)
            assert await rig.stored("unlisted") == 0
        finally:
            hidden.rename(secret)
        await expect_exactly_once(rig, "unlisted", meanwhile)
