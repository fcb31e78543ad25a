"""Connections that are idle for a long time, and requests whose bodies a partner never finishes.

The tests wait in real time, because they use the servers of functions-framework, as Google does.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest

from functions import FUNCTIONS
from functions.web.intake import MAX_WAITING_BYTES
from tests.cell.running import PATIENCE_SECONDS
from tests.faults.another import OTHER_PROJECT, another_partner
from tests.faults.rig import Rig

pytestmark = [pytest.mark.cell, pytest.mark.soak, pytest.mark.asyncio(loop_scope="package")]

IDLE_SECONDS = 3.2
"""Longer than the 2 s for which gunicorn keeps an idle connection by default."""

REQUESTS = 12

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connection(rig: Rig, function: str) -> AsyncIterator[Connection]:
    """A connection to a function, closed at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.cell.port(function))
    try:
        yield reader, writer
    finally:
        writer.close()


async def answer(reader: asyncio.StreamReader) -> int:
    """Read one complete answer; return its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    [length] = [int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")]
    await reader.readexactly(length)
    return int(head.split()[1])


async def test_a_connection_is_used_again_after_idle_seconds(rig: Rig) -> None:
    async def use(function: str) -> list[int]:
        statuses = []
        async with connection(rig, function) as (reader, writer):
            for number in range(REQUESTS):
                await asyncio.sleep(IDLE_SECONDS if number else 0)
                writer.write(b"GET /health HTTP/1.1\r\nHost: cell\r\n\r\n")
                statuses.append(await answer(reader))
        return statuses

    found = dict(zip(FUNCTIONS, await asyncio.gather(*map(use, FUNCTIONS)), strict=True))
    for function, statuses in found.items():
        assert len(statuses) == REQUESTS
        assert len(set(statuses)) == 1, (function, statuses)
        assert statuses[0] < 500, function
    assert found["receive"][0] == 200


BODY_SECONDS = 8.0
ANNOUNCED = 10_000_000


@pytest.mark.parametrize(
    ("size", "refused"), [(100, 0), (MAX_WAITING_BYTES // 7, 7)], ids=["few", "many"]
)
async def test_unfinished_bodies_of_one_partner_do_not_block_another(
    rig: Rig, size: int, refused: int
) -> None:
    """A partner begins ten bodies and finishes none; another partner sends all the while.

    Small bodies end with 408 when their time is over. Large bodies are a seventh of the memory for
    bodies each. A partner may use half of that memory, so three fit; the others get 503 at once.
    """

    async def hold(open_ones: AsyncExitStack) -> tuple[int, float]:
        """Send the beginning of a body; return the status and the seconds until the answer came."""
        reader, writer = await open_ones.enter_async_context(connection(rig, "receive"))
        began = time.monotonic()
        head = f"POST /events/{rig.cell.token} HTTP/1.1\r\nHost: cell\r\n"
        writer.write(f"{head}Content-Length: {ANNOUNCED}\r\n\r\n".encode() + b" " * size)
        status = await answer(reader)
        return status, time.monotonic() - began

    async def keep_sending(url: str, ends: asyncio.Event) -> list[int]:
        statuses = []
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
            while not ends.is_set():
                value = {"project": OTHER_PROJECT, "user_id": "u", "event_id": "unfinished"}
                body = json.dumps({"event": "emoji_sent", "value": value}).encode()
                padded = body + b" " * 1_000_000  # needs some memory, so little left is not enough
                statuses.append((await client.post(url, content=padded)).status_code)
                await asyncio.sleep(0.2)
        return statuses

    async with (
        another_partner(rig, BODY_SECONDS=str(BODY_SECONDS)) as url,
        AsyncExitStack() as open_ones,
    ):
        ends = asyncio.Event()
        sending = asyncio.create_task(keep_sending(url, ends))
        async with asyncio.timeout(PATIENCE_SECONDS):
            held = await asyncio.gather(*(hold(open_ones) for _ in range(10)))
        ends.set()
        statuses = await sending
    assert set(statuses) == {200}
    assert len(statuses) > BODY_SECONDS, "the other partner must send all the while"
    late = [seconds for status, seconds in held if status == 408]
    assert sorted(status for status, _ in held) == [408] * (10 - refused) + [503] * refused
    assert all(BODY_SECONDS <= seconds < BODY_SECONDS + 5 for seconds in late)
