"""The bucket is down, alone or together with Pub/Sub: 503 claims nothing, 2xx loses nothing."""

import pytest

from tests.faults.outcome import settle
from tests.faults.record import Record, send
from tests.faults.rig import NOBODY_ANSWERS, Rig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]


async def test_the_bucket_alone_is_not_missed(rig: Rig) -> None:
    record = Record("bucket", 1_000)
    await rig.bucket.cut()
    await send(rig, record.deliveries)
    assert (record.statuses, record.errors) == ({200}, set())
    assert await settle(rig, record) == record.sent


async def test_what_needs_the_bucket_is_refused_without_it(rig: Rig) -> None:
    await rig.bucket.cut()
    refused = await rig.post(b"not json")
    assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
    assert (await rig.replay())["status"] == 503


async def test_both_down_before_a_burst(rig: Rig) -> None:
    record = Record("both", 200)
    await rig.renew(**NOBODY_ANSWERS)
    await rig.broker.cut()
    await rig.bucket.cut()
    await send(rig, record.deliveries)
    assert record.statuses == {503}
    await settle(rig, record)  # an upload that was given up may have arrived all the same


async def test_both_down_during_a_burst_that_is_retried(rig: Rig) -> None:
    record = Record("retried", 1_000)
    await rig.renew(**NOBODY_ANSWERS)

    async def cut() -> None:
        await rig.broker.cut()
        await rig.bucket.cut()

    await send(rig, record.deliveries, halfway=cut, numbered=True)
    assert (record.statuses, record.errors) == ({200, 503}, set())
    await rig.recover()
    await send(rig, record.outstanding(), numbered=True)
    assert record.accepted == record.sent
    assert await settle(rig, record) == record.sent
