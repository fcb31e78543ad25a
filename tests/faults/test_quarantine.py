"""Events that the receiver refused are replayed after the cause is repaired, each only once."""

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from local.cell import CELL
from tests.faults.rig import Rig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]

NEW = "partner-new"


def event(room: str) -> bytes:
    value = {"project": NEW, "event_id": room, "emoji_type": "heart"}
    return json.dumps({"event": "emoji_sent", "value": value}).encode()


async def send(rig: Rig, body: bytes, webhook_id: str = "") -> httpx.Response:
    headers = {"webhook-id": webhook_id} if webhook_id else {}
    url = f"{rig.cell.url('receive')}/events/{rig.cell.token}"
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        return await client.post(url, content=body, headers=headers)


async def replay_quarantine(rig: Rig) -> dict[str, Any]:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        request = {"prefix": "quarantine/project_unknown/"}
        answer = await client.post(f"{rig.cell.url('operate')}/replay", json=request)
    report: dict[str, Any] = answer.json()
    return report


@contextmanager
def known(rig: Rig, project: str) -> Iterator[None]:
    """Give the partner one more project while the context is open."""
    path = rig.cell.secrets / "partners.json"
    before = path.read_bytes()
    secret = json.loads(before)
    secret["partners"]["demo"]["projects"][project] = CELL
    path.write_text(json.dumps(secret))
    try:
        yield
    finally:
        path.write_bytes(before)


async def restart(rig: Rig, name: str) -> None:
    """Restart a function, so that it reads the secret at once and not within a minute."""
    rig.signal(name, signal.SIGTERM)
    await rig.ended(name)
    await rig.restart(name)


async def until_stored(rig: Rig, rows: int) -> None:
    """Wait until the store has a number of rows of this test, including copies."""
    sql = (
        f"SELECT COUNT(*) AS n FROM {rig.cell.store_dataset}.events_v1"
        " WHERE received_at > TIMESTAMP '2000-01-01' AND STARTS_WITH(room_id, 'refused-')"
    )
    async with asyncio.timeout(120):
        while (await rig.rows(sql))[0]["n"] < rows:  # noqa: ASYNC110 - nothing sets an Event
            await asyncio.sleep(0.1)


async def test_a_project_is_added_and_its_events_are_replayed(rig: Rig) -> None:
    for _ in range(3):  # a sender that retries sends the same body again
        assert (await send(rig, event("refused-plain"))).status_code == 422
        assert (await send(rig, event("refused-numbered"), "msg_1")).status_code == 422
    array = b"[%b, %b]" % (event("refused-first"), event("refused-second"))
    assert (await send(rig, array, "msg_2")).status_code == 422
    report = await replay_quarantine(rig)
    assert (report["objects"], len(report["failed"])) == (0, 3)

    with known(rig, NEW):
        await restart(rig, "operate")
        await rig.renew()
        report = await replay_quarantine(rig)
        assert (report["objects"], report["events"], report["failed"]) == (3, 4, [])
        assert (await send(rig, event("refused-numbered"), "msg_1")).status_code == 200
        assert (await send(rig, array, "msg_2")).status_code == 200
    await restart(rig, "operate")

    await until_stored(rig, 7)
    shown = "SELECT room_id, COUNT(*) AS n FROM events WHERE STARTS_WITH(room_id, 'refused-')"
    rows = await rig.rows(f"{shown} GROUP BY room_id ORDER BY room_id")
    assert [(row["room_id"], row["n"]) for row in rows] == [
        ("refused-first", 1),
        ("refused-numbered", 1),
        ("refused-plain", 1),
        ("refused-second", 1),
    ]
