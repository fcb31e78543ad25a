"""The bucket has no room: nothing is claimed that is not kept, and nothing that is kept is lost."""

import pytest

from tests.faults.outcome import settle
from tests.faults.record import Record, send
from tests.faults.rig import NOBODY_ANSWERS, Rig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]

SMALL_OBJECT = 1_000
"""Bytes: enough for a refused body, and not for the bucket's list of objects."""


async def test_a_bucket_without_room_keeps_what_it_has(rig: Rig) -> None:
    """Pub/Sub is down too, so every event needs the bucket."""
    spilled, refused = Record("room", 300), Record("full", 100)
    await rig.renew(**NOBODY_ANSWERS)
    await rig.broker.cut()
    await send(rig, spilled.deliveries)
    assert (spilled.statuses, spilled.errors) == ({200}, set())
    before = await rig.spilled()
    with rig.full_disk("storage"):
        await send(rig, refused.deliveries)
        assert refused.statuses == {503}
        assert (await rig.replay())["status"] == 503
    assert await rig.spilled() == before, "an object that is not kept is not listed"
    await rig.renew("storage")
    assert await rig.spilled() == before
    assert await settle(rig, spilled) == spilled.sent
    await settle(rig, refused)


async def test_a_body_is_refused_for_good_only_when_it_is_kept(rig: Rig) -> None:
    await rig.renew(**NOBODY_ANSWERS)
    kept = await rig.objects("quarantine/")
    for size in (0, SMALL_OBJECT):
        with rig.full_disk("storage", size):
            refused = await rig.post(b"not json")
            assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
            assert await rig.objects("quarantine/") == kept
    await rig.renew("storage")
    assert await rig.objects("quarantine/") == kept
    assert (await rig.post(b"not json")).status_code == 400
    assert len(await rig.objects("quarantine/")) == len(kept) + 1
