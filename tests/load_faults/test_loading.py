"""Each good event is shown once and each bad one is kept, whatever fails between them and rows."""

import asyncio
import signal
from datetime import timedelta

import pytest

from tests.load_faults.feed import Event, deliveries, simulated, with_poison
from tests.load_faults.outcome import expect_exactly_once
from tests.load_faults.rig import LoaderRig

pytestmark = [pytest.mark.cell, pytest.mark.asyncio(loop_scope="package")]


async def test_twenty_thousand_events_while_the_loader_is_killed(rig: LoaderRig) -> None:
    events = simulated("killed", 20_000)
    publishing = asyncio.create_task(rig.publish(events))
    await rig.until_stored("killed", 5_000)
    rig.signal("load", signal.SIGKILL)
    await rig.ended("load")
    await rig.restart("load")
    await publishing
    await expect_exactly_once(rig, "killed", events)


async def test_bigquery_is_down_during_a_burst(rig: LoaderRig) -> None:
    events = simulated("down", 5_000)
    publishing = asyncio.create_task(rig.publish(events))
    await rig.until_stored("down", 500)
    await rig.warehouse.cut()
    await publishing
    await asyncio.sleep(3)
    before = await rig.stored("down")
    assert before < 5_000
    await expect_exactly_once(rig, "down", events)


async def test_connections_are_cut_in_mid_append(rig: LoaderRig) -> None:
    events = simulated("cut", 3_000)
    publishing = asyncio.create_task(rig.publish(events))
    for rows in (300, 900, 1_500):
        await rig.until_stored("cut", rows)
        await rig.warehouse.cut()
        await rig.warehouse.restore()
    await publishing
    await expect_exactly_once(rig, "cut", events)


@pytest.mark.parametrize("end", ["cut", "late"])
async def test_rows_are_stored_and_the_answer_is_lost(rig: LoaderRig, end: str) -> None:
    name = f"lost-{end}"
    events = simulated(name, 400)
    for start in (0, 200):
        await rig.publish(events[start : start + 100])
        await rig.until_stored(name, start + 100)  # so that the loader's connection stands
        before = await rig.stored(name)
        rig.warehouse.late = 5.0
        await rig.publish(events[start + 100 : start + 200])
        await rig.until_stored(name, before + 1)
        if end == "cut":
            await rig.warehouse.cut()
        else:
            await asyncio.sleep(1.2)  # past the append's deadline: Pub/Sub delivers again
        await expect_exactly_once(rig, name, events[: start + 200])
    copies = await rig.finally_stored(name) - 400
    assert copies >= 2
    report = await rig.operate("settle")
    assert report["copies"] >= copies
    assert await rig.stored(name) == 400
    await expect_exactly_once(rig, name, events)


async def test_poison_harms_nobody_and_is_kept(rig: LoaderRig) -> None:
    events = with_poison(simulated("poison", 3_000))
    await rig.publish(events)
    await expect_exactly_once(rig, "poison", events)
    assert sum(event.reason is not None for event in events) == 120


async def test_poison_is_kept_once_while_the_bucket_is_down_and_pubsub_repeats(
    rig: LoaderRig,
) -> None:
    events = with_poison(simulated("repeated", 500))
    await rig.bucket.cut()
    await rig.publish(events)
    await rig.until_stored("repeated", 480)
    assert await rig.stored("repeated") == 480
    await rig.bucket.restore()
    await rig.publish(events)  # as Pub/Sub does that did not hear an acknowledgement
    await expect_exactly_once(rig, "repeated", events)


async def test_what_is_repaired_comes_in_by_a_replay(rig: LoaderRig) -> None:
    """The limit is raised, and what was too large for it is replayed."""
    events = [
        event
        for event in with_poison(simulated("repaired", 400))
        if event.reason in {None, "row_too_large"}
    ]
    await rig.publish(events)
    await expect_exactly_once(rig, "repaired", events)
    await rig.replace_loader(MAX_ROW_BYTES="1000000")
    report = await rig.operate("replay", prefix="quarantine/row_too_large/")
    assert report["failed"] == []
    await expect_exactly_once(rig, "repaired", [event._replace(reason=None) for event in events])
    await rig.replace_loader()


async def test_one_event_is_received_five_times_hours_and_days_apart(rig: LoaderRig) -> None:
    ages = [timedelta(hours=hours) for hours in (30, 0, 24 * 7, 5, 24 * 3)]
    received: list[Event] = deliveries("apart", ages)
    for event in received:
        await rig.publish([event])
    await rig.until_stored("apart", 5)
    shown = "SELECT received_at FROM events WHERE STARTS_WITH(ingest_id, 'apart-')"
    [before] = await rig.rows(shown)
    report = await rig.operate("settle")
    assert report["copies"] >= 4
    assert await rig.stored("apart") == 1
    assert await rig.rows(shown) == [before]
    assert (await rig.operate("settle"))["copies"] == 0
    earliest = min(event.attributes["received_at"] for event in received)
    assert f"{before['received_at']:%Y-%m-%dT%H:%M:%S.%f}Z" == earliest


async def test_settling_meets_itself_and_loading(rig: LoaderRig) -> None:
    events = simulated("met", 2_000)
    publishing = asyncio.create_task(rig.publish([*events, *events]))
    await rig.until_stored("met", 200)
    await asyncio.gather(rig.operate("settle"), rig.operate("settle"))
    await publishing
    await expect_exactly_once(rig, "met", events)
    await rig.finally_stored("met")
    await asyncio.gather(rig.operate("settle"), rig.operate("settle"))
    assert await rig.stored("met") == 2_000
