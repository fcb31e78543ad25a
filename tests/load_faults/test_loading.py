"""Each good event is shown once and each bad one is kept, whatever fails on the way to BigQuery."""

import asyncio
import base64
import signal
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from functions.events.attributes import format_time
from functions.retained.quarantine import Quarantined
from tests.load_faults.feed import Event, deliveries, simulated, with_poison
from tests.load_faults.outcome import expect_exactly_once
from tests.load_faults.rig import LoaderRig

CORRECT = b'{"event": "emoji_sent", "value": {"emoji": 1}}'

DOWN_SECONDS = 30
"""How long BigQuery is down, in seconds of real time."""

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]


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
    publishing = asyncio.create_task(rig.publish(events[:2_500]))
    await rig.until_stored("down", 500)
    await rig.warehouse.cut()
    await publishing
    await rig.publish(events[2_500:])
    await asyncio.sleep(DOWN_SECONDS)
    assert await rig.stored("down") <= 2_500
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


async def test_rows_are_stored_and_the_answer_is_lost(rig: LoaderRig) -> None:
    for number in range(2):
        name = f"lost-{number}"
        events = await lose_an_answer(rig, name)
        await rig.warehouse.cut()
        await expect_copies_to_go(rig, name, events)


async def test_rows_are_stored_and_the_answer_is_late(rig: LoaderRig) -> None:
    # A short deadline, but long enough for a slow machine: Pub/Sub repeats later events.
    async with rig.loader(APPEND_DEADLINE_SECONDS="4"):
        for number in range(2):
            name = f"late-{number}"
            events = await lose_an_answer(rig, name)
            await expect_copies_to_go(rig, name, events)


async def lose_an_answer(rig: LoaderRig, name: str) -> list[Event]:
    """Publish events so that BigQuery stores their rows, but the loader gets no answer."""
    before = f"before-{name}"
    await rig.publish(simulated(before, 100))
    await rig.until_stored(before, 100)
    events = simulated(name, 100)
    rig.warehouse.late = 3_600.0
    await rig.publish(events)
    await rig.until_stored(name, 1)
    return events


async def expect_copies_to_go(rig: LoaderRig, name: str, events: list[Event]) -> None:
    """Assert that each event is shown once, both before and after settling deletes the copies."""
    await expect_exactly_once(rig, name, events)
    await rig.until_stored(name, len(events) + 1)
    await rig.settle(name, len(events))
    await expect_exactly_once(rig, name, events)


async def test_poison_is_kept_and_does_not_affect_good_events(rig: LoaderRig) -> None:
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
    await rig.bucket.restore()
    await rig.publish(events)  # as if Pub/Sub had missed the acknowledgements
    await expect_exactly_once(rig, "repeated", events)


async def test_a_replay_loads_repaired_events(rig: LoaderRig) -> None:
    """Poison of each kind is repaired (limit, bodies, times of receipt), and then replayed."""
    events = with_poison(simulated("repaired", 400))
    await rig.publish(events)
    await expect_exactly_once(rig, "repaired", events)
    await rig.correct("repaired", _corrected)
    async with rig.loader(MAX_ROW_BYTES="1000000"):
        report = await rig.operate("replay", prefix="quarantine/")
        assert report["failed"] == []
        repaired = [event._replace(reason=None) for event in events]
        await expect_exactly_once(rig, "repaired", repaired)


def _corrected(record: Quarantined) -> Quarantined:
    attributes = record.attributes or {}
    match record.reason:
        case "not_json" | "too_deep":
            return structs.replace(record, body=base64.b64encode(CORRECT).decode())
        case "time_out_of_range":
            received_at = format_time(datetime.now(UTC) - timedelta(hours=1))
            return structs.replace(record, attributes=attributes | {"received_at": received_at})
        case _:
            return record


async def test_one_event_is_received_five_times_hours_and_days_apart(rig: LoaderRig) -> None:
    ages = [timedelta(hours=hours) for hours in (30, 0, 24 * 7, 5, 24 * 3)]
    received: list[Event] = deliveries("apart", ages)
    for event in received:
        await rig.publish([event])
    await rig.until_stored("apart", 5)
    shown = "SELECT received_at FROM events WHERE STARTS_WITH(ingest_id, 'apart-')"
    [before] = await rig.rows(shown)
    await rig.settle("apart", 1)
    assert await rig.rows(shown) == [before]
    earliest = min(event.attributes["received_at"] for event in received)
    assert f"{before['received_at']:%Y-%m-%dT%H:%M:%S.%f}Z" == earliest


async def test_two_settling_runs_at_once_do_no_harm_while_events_are_loaded(rig: LoaderRig) -> None:
    events = simulated("met", 2_000)
    publishing = asyncio.create_task(rig.publish([*events, *events]))
    await rig.until_stored("met", 200)
    await asyncio.gather(rig.operate("settle"), rig.operate("settle"))
    await publishing
    await expect_exactly_once(rig, "met", events)
    await rig.settle("met", 2_000)
    await expect_exactly_once(rig, "met", events)
