"""A function is killed under load. Acknowledged events are not lost, and a retry is shown once."""

import asyncio
import signal

import pytest

from tests.faults.outcome import settle
from tests.faults.record import Record, send
from tests.faults.rig import Rig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda each: each.name)
async def test_the_receiver_is_killed_and_its_sender_retries(
    rig: Rig, number: signal.Signals
) -> None:
    record = Record(number.name.lower(), 2_000)

    async def kill() -> None:
        rig.signal("receive", number)
        await rig.ended("receive")
        await rig.restart("receive")

    await send(rig, record.deliveries, halfway=kill, numbered=True)
    assert record.statuses <= {0, 200, 503}
    assert 0 < len(record.accepted) <= 2_000
    await send(rig, record.outstanding(), numbered=True)
    assert record.accepted == record.sent
    assert await settle(rig, record) == record.sent


async def test_sigterm_lets_requests_under_way_end(rig: Rig) -> None:
    """When the signal comes, Pub/Sub has the events, but its answers are held back."""
    record = Record("draining", 30)  # so few requests that each has its own publish
    await rig.renew(PUBLISH_DEADLINE_SECONDS="50", DURABLE_WITHIN_SECONDS="110")
    await send(rig, record.deliveries[:1])  # this opens the connection
    rig.broker.late = 50.0
    sending = asyncio.create_task(send(rig, record.deliveries[1:]))
    await rig.until_shown(record.name, len(record.sent))
    assert not sending.done()
    rig.signal("receive", signal.SIGTERM)
    await rig.stopped_listening("receive")
    rig.broker.release()
    await sending
    assert (record.statuses, record.errors) == ({200}, set())
    assert await rig.ended("receive") == 0
    await rig.restart("receive")
    assert await settle(rig, record) == record.sent


async def test_the_receiver_is_killed_and_its_sender_does_not_retry(rig: Rig) -> None:
    record = Record("lost", 1_000)

    async def kill() -> None:
        rig.signal("receive", signal.SIGKILL)
        await rig.ended("receive")
        await rig.restart("receive")

    await send(rig, record.deliveries, halfway=kill)
    assert await settle(rig, record) >= record.accepted


async def test_a_replay_is_killed_while_another_one_runs(rig: Rig) -> None:
    record = Record("replayed", 1_000)
    await rig.broker.cut()
    await send(rig, record.deliveries)
    assert (record.statuses, record.errors) == ({200}, set())
    await rig.broker.restore()
    rig.broker.late = 60.0  # so that the replays are still running when the signal comes
    replays = [asyncio.create_task(rig.try_replay()) for _ in range(2)]
    await asyncio.sleep(0.3)
    rig.signal("operate", signal.SIGKILL)
    assert await asyncio.gather(*replays) == [None, None]
    await rig.ended("operate")
    await rig.restart("operate")
    assert await settle(rig, record) == record.sent


async def test_the_loader_is_killed_under_load(rig: Rig) -> None:
    record = Record("loaded", 1_000)

    async def kill() -> None:
        rig.signal("load", signal.SIGKILL)
        await rig.ended("load")
        await rig.restart("load")

    await send(rig, record.deliveries, halfway=kill)
    assert (record.statuses, record.errors) == ({200}, set())
    assert await settle(rig, record) == record.sent
