"""A cell whose Pub/Sub and bucket tests can cut off, and whose functions they can kill."""

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx

from functions import FUNCTIONS
from local import children, query
from local.cell import PORTS, Cell
from local.children import Child
from local.clients import objects
from local.up import command_lines, environment, running
from tests.cell.running import PATIENCE_SECONDS, free_port_base, is_listening
from tests.faults.proxy import Proxy

SETTINGS = {
    "PUBLISH_DEADLINE_SECONDS": "1",
    "DURABLE_WITHIN_SECONDS": "30",
    "STORAGE_DEADLINE_SECONDS": "3",
}
"""Deadlines of the functions: short if tests wait for a deadline, long if no deadline may pass."""

NOBODY_ANSWERS = {"DURABLE_WITHIN_SECONDS": "3"}
"""Settings of the receiver in tests without Pub/Sub and bucket, in which a test waits for this
deadline."""


class Rig:
    """A running cell whose parts can be broken.

    Attributes:
        cell: the cell; tests that use it reach the stand-ins directly, without the proxies.
        broker: the proxy between the functions and Pub/Sub.
        bucket: the proxy between the functions and Cloud Storage.
    """

    def __init__(
        self,
        cell: Cell,
        started: list[Child],
        settings: dict[str, str],
        broker: Proxy,
        bucket: Proxy,
    ) -> None:
        self.cell = cell
        self.broker = broker
        self.bucket = bucket
        self._children = {child.name: child for child in started}
        self._started = started
        self._settings = settings

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to the main process of a part; SIGKILL also goes to its workers."""
        process = self._children[name].process
        (os.killpg if number == signal.SIGKILL else os.kill)(process.pid, number)

    async def ended(self, name: str) -> int:
        """Wait until a part has ended; return its exit code."""
        return await asyncio.to_thread(self._children[name].process.wait, PATIENCE_SECONDS)

    @contextmanager
    def full_disk(self, name: str, size: int = 0) -> Iterator[None]:
        """Let a part write no file beyond a size in bytes, for as long as the context is open.

        A write fails with an error of the system, as it does on a full disk. No file system has to
        be mounted for that, which not every machine allows.
        """
        process = self._children[name].process.pid
        before = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.prlimit(process, resource.RLIMIT_FSIZE, before)

    async def restart(self, name: str, **settings: str) -> None:
        """Start a part that has ended again; a function gets these settings changed.

        A stand-in has what it kept on the disk.
        """
        old = self._children[name]
        self._started.remove(old)
        command = command_lines(self.cell, old.log.parent / "warehouse")[name]
        of_function = self.cell.settings() | self._settings | settings
        environ = environment(of_function if name in FUNCTIONS else settings)
        child = children.start(name, command, environ, old.log.parent)
        self._started.append(child)
        self._children[name] = child
        await children.wait_until_listening(child, self.cell.port(name))

    def logged(self) -> str:
        """Return everything that all parts have logged since they were started."""
        return "\n".join(child.log.read_text(errors="replace") for child in self._started)

    async def stopped_listening(self, name: str) -> None:
        """Wait until a part accepts no connection any more."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while is_listening(self.cell.port(name)):  # noqa: ASYNC110 - nothing sets an Event
                await asyncio.sleep(0.02)

    async def recover(self) -> None:
        """Let connections to Pub/Sub and the bucket through again."""
        await self.broker.restore()
        await self.bucket.restore()

    async def renew(self, name: str = "receive", **settings: str) -> None:
        """Stop a part and start it again with these settings, so that it forgets an outage."""
        self.signal(name, signal.SIGTERM)
        await self.ended(name)
        await self.restart(name, **settings)

    async def let_in(self) -> None:
        """Wait until the receiver accepts the token; for that, it must have read the secrets."""
        url = f"{self.cell.url('receive')}/events/{self.cell.token}"
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client,
        ):
            while not (await client.get(url)).is_success:  # noqa: ASYNC110 - nothing sets an Event
                await asyncio.sleep(0.05)

    async def post(self, body: bytes) -> httpx.Response:
        """Send one webhook."""
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
            url = f"{self.cell.url('receive')}/events/{self.cell.token}"
            return await client.post(url, content=body)

    async def replay(self) -> dict[str, Any]:
        """Replay the whole spill, as the scheduler does; return the report, with the status."""
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
            answer = await client.post(f"{self.cell.url('operate')}/replay")
        report: dict[str, Any] = answer.json()
        return report | {"status": answer.status_code}

    async def try_replay(self) -> dict[str, Any] | None:
        """Replay the whole spill; return None if no answer came."""
        try:
            return await self.replay()
        except httpx.TransportError:
            return None

    async def spilled(self) -> list[str]:
        """Return the names of the objects in the spill."""
        return await self.objects("spill/")

    async def objects(self, prefix: str) -> list[str]:
        """Return the names of the objects below a prefix."""

        def names() -> list[str]:
            found = objects(self.cell).list_blobs(self.cell.bucket, prefix=prefix)
            return [blob.name for blob in found]

        return await asyncio.to_thread(names)

    async def until_shown(self, burst: str, events: int) -> None:
        """Wait until views show a number of events of a burst."""
        sql = f"SELECT COUNT(*) AS n FROM events WHERE STARTS_WITH(room_id, '{burst}-')"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self.rows(sql))[0]["n"] < events:  # noqa: ASYNC110 - nothing sets an Event
                await asyncio.sleep(0.05)

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        """Run a query on the BI dataset; return its rows."""
        return await asyncio.to_thread(query.rows, self.cell, sql)


def stop_schedule(started: list[Child]) -> None:
    """Stop the scheduler, so that jobs run only when a test calls them."""
    scheduler = next(child for child in started if child.name == "scheduler")
    started.remove(scheduler)
    children.stop([scheduler])


@asynccontextmanager
async def rigged_cell(folder: Path) -> AsyncIterator[Rig]:
    """Run a cell with proxies in front of Pub/Sub and the bucket while the context is open."""
    base = free_port_base()
    port = {name: base + offset for offset, name in enumerate(PORTS)}
    broker = Proxy(base + len(PORTS), port["pubsub"])
    bucket = Proxy(base + len(PORTS) + 1, port["storage"])
    settings = SETTINGS | {"PUBSUB_ENDPOINT": broker.url, "STORAGE_ENDPOINT": bucket.url}
    try:
        await broker.restore()
        await bucket.restore()
        async with running(base, None, folder / "cell.json", settings) as (cell, started):
            stop_schedule(started)
            yield Rig(cell, started, settings, broker, bucket)
    finally:
        await broker.cut()
        await bucket.cut()
