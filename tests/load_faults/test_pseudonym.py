"""A pseudonym key is replaced by rubbish: nobody gets another user key, and nothing is lost."""

import asyncio

import pytest

from tests.cell.running import PATIENCE_SECONDS
from tests.load_faults.feed import Event, simulated
from tests.load_faults.outcome import expect_exactly_once
from tests.load_faults.rig import LoaderRig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]


def again(burst: str, events: list[Event]) -> list[Event]:
    """The same events of the same people, as others than those before."""
    return [
        event._replace(attributes=event.attributes | {"ingest_id": f"{burst}-{number}"})
        for number, event in enumerate(events)
    ]


async def test_events_wait_until_the_key_is_right_again(rig: LoaderRig) -> None:
    before = simulated("keyed", 100)
    known, unknown = again("kept", before), again("keyless", before)
    await rig.publish(before)
    await rig.until_stored("keyed", len(before))
    key = rig.cell.secrets / "pseudonym" / "1"
    right = key.read_bytes()
    key.write_bytes(b"\xff rubbish \x00")
    try:
        await rig.publish(known)
        await rig.until_stored("kept", len(known))  # an instance keeps the key that it read
        await rig.renew("load")
        await rig.publish(unknown)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while "pseudonym key 1 must be base64" not in rig.logged():  # noqa: ASYNC110 - no Event
                await asyncio.sleep(0.05)
        assert await rig.stored("keyless") == 0
        assert "rubbish" not in rig.logged()
    finally:
        key.write_bytes(right)
    await expect_exactly_once(rig, "keyless", unknown)
    people = [
        await rig.rows(
            "SELECT DISTINCT user_key FROM events"
            f" WHERE STARTS_WITH(ingest_id, '{burst}-') ORDER BY user_key"
        )
        for burst in ("keyed", "kept", "keyless")
    ]
    assert people[0] == people[1] == people[2] != []
