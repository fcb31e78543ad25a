"""A function's clock jumps by an hour, there and back: each event is shown once all the same."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from local.up import environment
from tests.faults.outcome import settle
from tests.faults.record import Delivery, Record, send
from tests.faults.rig import Rig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]

LIBRARY = "faketime/libfaketimeMT.so.1"
OFFSETS = ("-1h", "+1h", "+0")

PAUSE = """
import select
import time

time.sleep = lambda seconds: select.select((), (), (), seconds) and None
"""

Jump = Callable[[str], None]


def library() -> Path:
    """Find libfaketime, which tells a process another time. Without it the test is skipped."""
    for folder in (*Path("/usr/lib").glob("*-linux-gnu"), Path("/usr/lib"), Path("/usr/local/lib")):
        if (folder / LIBRARY).is_file():
            return folder / LIBRARY
    pytest.skip("libfaketime is missing; install it: apt-get install faketime")


async def begin(rig: Rig, name: str, folder: Path) -> Jump:
    """Start a function whose system clock can be set; return what sets it.

    Monotonic clocks go on, as they do when the time of a machine is set. libfaketime 0.9.10 then
    refuses the kind of pause that Python makes, so the function makes another kind.
    """
    (folder / "sitecustomize.py").write_text(PAUSE)
    offset = folder / "offset"
    offset.write_text("+0")
    await rig.renew(
        name,
        LD_PRELOAD=str(library()),
        FAKETIME_TIMESTAMP_FILE=str(offset),
        FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        NO_FAKE_STAT="1",
        PYTHONPATH=os.pathsep.join([str(folder), environment({})["PYTHONPATH"]]),
    )

    def jump(text: str) -> None:
        offset.write_text(text)

    return jump


def parts(record: Record) -> list[list[Delivery]]:
    """The requests in three parts, each of single events and of arrays."""
    return [record.deliveries[number :: len(OFFSETS)] for number in range(len(OFFSETS))]


async def test_the_receiver_s_clock_jumps_while_a_sender_retries(rig: Rig, tmp_path: Path) -> None:
    """What was answered is sent once more after the jump, as if the answer had been lost."""
    record = Record("jumped", 600)
    jump = await begin(rig, "receive", tmp_path)
    for offset, deliveries in zip(OFFSETS, parts(record), strict=True):
        await send(rig, deliveries, numbered=True)
        jump(offset)
        await send(rig, deliveries, numbered=True)
    assert (record.statuses, record.errors) == ({200}, set())
    assert await settle(rig, record) == record.sent
    hours = await rig.rows(
        "SELECT DISTINCT ROUND(TIMESTAMP_DIFF(received_at, stored_at, SECOND) / 3600) AS hours"
        " FROM events WHERE STARTS_WITH(room_id, 'jumped-') ORDER BY hours"
    )
    assert [row["hours"] for row in hours] == [-1, 0], "of two copies, the earlier one is shown"


async def test_the_clock_of_load_jumps(rig: Rig, tmp_path: Path) -> None:
    record = Record("leapt", 600)
    jump = await begin(rig, "load", tmp_path)
    try:
        for offset, deliveries in zip(OFFSETS, parts(record), strict=True):
            jump(offset)
            await send(rig, deliveries)
            await rig.until_shown("leapt", len(record.accepted))
        assert (record.statuses, record.errors) == ({200}, set())
        assert await settle(rig, record) == record.sent
    finally:
        await rig.renew("load")
