"""Pub/Sub is down, hangs, or answers late. Events answered with 2xx are shown once in the end."""

import signal

import pytest

from tests.faults.outcome import settle
from tests.faults.record import Record, send
from tests.faults.rig import Rig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]

BURST = 5_000


async def test_pubsub_is_down_before_a_burst(rig: Rig) -> None:
    record = Record("before", BURST)
    await rig.broker.cut()
    await send(rig, record.deliveries)
    assert (record.statuses, record.errors) == ({200}, set())
    assert len(await rig.spilled()) < 200, "one object for several requests, not for each"
    assert (await rig.replay())["status"] == 503, "a replay keeps events that it cannot publish"
    assert await settle(rig, record) == record.sent


async def test_pubsub_goes_down_during_a_burst(rig: Rig) -> None:
    record = Record("during", BURST)
    await send(rig, record.deliveries, halfway=rig.broker.cut)
    assert (record.statuses, record.errors) == ({200}, set())
    assert await rig.spilled() != []
    assert await settle(rig, record) == record.sent


async def test_pubsub_hangs_after_a_burst(rig: Rig) -> None:
    record, late = Record("after", BURST), Record("hanging", 100)
    await send(rig, record.deliveries)
    rig.signal("pubsub", signal.SIGSTOP)
    await send(rig, late.deliveries)
    assert record.statuses == late.statuses == {200}
    assert await rig.spilled() != []
    rig.signal("pubsub", signal.SIGCONT)
    assert await settle(rig, record) == record.sent
    assert await settle(rig, late) == late.sent


async def test_pubsub_answers_after_the_deadline(rig: Rig) -> None:
    record = Record("late", 1_000)
    await send(rig, record.deliveries[:1])  # this opens the connection
    rig.broker.late = 2.0
    await send(rig, record.deliveries[1:])
    assert (record.statuses, record.errors) == ({200}, set())
    assert await settle(rig, record) == record.sent
    sql = (
        f"SELECT COUNT(*) AS copies FROM {rig.cell.store_dataset}.events_v1 "
        "WHERE received_at > TIMESTAMP '2000-01-01' AND STARTS_WITH(room_id, 'late-')"
    )
    [row] = await rig.rows(sql)
    assert row["copies"] > 1_000, "some events are published and spilled, so stored twice"
