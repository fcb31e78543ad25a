"""The bucket is down, alone or together with Pub/Sub. Events answered with 2xx are not lost; the
others are answered with 503.
"""

import pytest

from tests.faults.outcome import settle
from tests.faults.record import Record, send
from tests.faults.rig import NOBODY_ANSWERS, Rig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]


async def test_events_are_accepted_while_only_the_bucket_is_down(rig: Rig) -> None:
    record = Record("bucket", 1_000)
    await rig.bucket.cut()
    await send(rig, record.deliveries)
    assert (record.statuses, record.errors) == ({200}, set())
    assert await settle(rig, record) == record.sent


async def test_requests_that_need_the_bucket_are_refused_without_it(rig: Rig) -> None:
    await rig.bucket.cut()
    refused = await rig.post(b"not json")
    assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
    assert (await rig.replay())["status"] == 503


async def test_bucket_and_pubsub_are_down_before_a_burst(rig: Rig) -> None:
    record = Record("both", 200)
    await rig.renew(**NOBODY_ANSWERS)
    await rig.broker.cut()
    await rig.bucket.cut()
    await send(rig, record.deliveries)
    assert record.statuses == {503}
    await settle(rig, record)  # an upload may have arrived although the receiver gave it up


async def test_bucket_and_pubsub_go_down_during_a_burst_that_is_retried(rig: Rig) -> None:
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
