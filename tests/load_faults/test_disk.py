"""The disk under BigQuery is full: a delivery without a row is not acknowledged; no row is lost."""

import asyncio

import pytest

from tests.cell.running import PATIENCE_SECONDS
from tests.load_faults.feed import simulated
from tests.load_faults.outcome import expect_exactly_once
from tests.load_faults.rig import LoaderRig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]


async def test_events_wait_until_there_is_room_for_rows(rig: LoaderRig) -> None:
    before, meanwhile = simulated("roomy", 100), simulated("crowded", 100)
    await rig.publish(before)
    await rig.until_stored("roomy", len(before))
    with rig.full_disk("bigquery"):
        await rig.publish(meanwhile)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while "rows not stored" not in rig.logged():  # noqa: ASYNC110 - it tells no Event
                await asyncio.sleep(0.05)
    await rig.renew("bigquery")  # DuckDB takes no change any more after a write that failed
    await expect_exactly_once(rig, "crowded", meanwhile)
    await expect_exactly_once(rig, "roomy", before)
