"""A cell whose loader tests can cut off from BigQuery; tests publish events to its topic."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec

from functions.events.attributes import Attributes
from functions.events.message import Message
from functions.google.grpc_channel import open_channel
from functions.google.topic import Publisher, Topic
from functions.retained.quarantine import Quarantined
from local.cell import PORTS
from local.clients import objects, subscriber
from local.provision import DELIVERY_ATTEMPTS
from local.up import running
from tests.cell.running import PATIENCE_SECONDS, events_of, free_port_base
from tests.faults.proxy import Proxy
from tests.faults.rig import Rig, stop_schedule
from tests.load_faults.feed import Event

MAX_ROW_BYTES = 100_000
SETTINGS = {"MAX_ROW_BYTES": str(MAX_ROW_BYTES)}
"""The loader's limit for a row, lowered. Its deadline is not lowered, because Pub/Sub would repeat
the events of an append that misses the deadline."""

BACK_OFF = {"minimum_backoff": {"nanos": 100_000_000}, "maximum_backoff": {"seconds": 1}}
"""The pauses of Pub/Sub between attempts, shortened from 10 s and 600 s."""


class LoaderRig(Rig):
    """A running cell, in which also the way from the loader to BigQuery can be broken.

    Attributes:
        warehouse: the proxy between the loader and the Storage Write API.
    """

    warehouse: Proxy

    async def recover(self) -> None:
        """Let connections to BigQuery, Pub/Sub and the bucket through again."""
        await self.warehouse.restore()
        await super().recover()

    @asynccontextmanager
    async def loader(self, **settings: str) -> AsyncIterator[None]:
        """Run the loader with these settings while the context is open."""
        await self.renew("load", **settings)
        try:
            yield
        finally:
            await self.renew("load")

    async def configure_delivery(self, **policies: dict[str, Any]) -> None:
        """Change policies of the loader's subscription."""
        request = {
            "subscription": {"name": self.cell.subscription, **policies},
            "update_mask": {"paths": list(policies)},
        }
        await asyncio.to_thread(subscriber(self.cell).update_subscription, request=request)

    @asynccontextmanager
    async def few_attempts(self) -> AsyncIterator[None]:
        """Let Pub/Sub give up a message after five attempts, the smallest number that it allows."""
        policy: dict[str, Any] = {"dead_letter_topic": self.cell.dead_letter_topic}
        few, usual = (policy | {"max_delivery_attempts": n} for n in (5, DELIVERY_ATTEMPTS))
        await self.configure_delivery(dead_letter_policy=few)
        try:
            yield
        finally:
            await self.configure_delivery(dead_letter_policy=usual)

    async def publish(self, events: Iterable[Event]) -> None:
        """Publish events as the receiver does."""
        topic = Topic(partial(open_channel, f"http://{self.cell.pubsub}"), self.cell.topic)
        await Publisher(topic, 20).publish(
            [Message(event.data, Attributes.from_mapping(event.attributes)) for event in events]
        )
        await topic.close()

    async def stored(self, burst: str) -> int:
        """Return how many rows the store has of a burst, including copies."""
        [row] = await self.rows(
            f"SELECT COUNT(*) AS n FROM {events_of(self.cell)}"
            f" WHERE STARTS_WITH(ingest_id, '{burst}-')"
        )
        return int(row["n"])

    async def until_stored(self, burst: str, rows: int) -> None:
        """Wait until the store has a number of rows of a burst."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.stored(burst) < rows:  # noqa: ASYNC110 - nothing sets an Event
                await asyncio.sleep(0.05)

    async def settle(self, burst: str, rows: int) -> None:
        """Settle, two runs at a time, until the store has a number of rows of a burst.

        A copy may come after a run, because Pub/Sub may still deliver a stored event again.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (left := await self.stored(burst)) != rows:
                assert left > rows, "settling deleted more than copies"
                await asyncio.gather(*(self.operate("settle") for _ in range(2)))

    async def quarantined(self, burst: str) -> list[Quarantined]:
        """Return the events of a burst that are in quarantine."""

        return [record for _, record in await asyncio.to_thread(self._quarantined, burst)]

    async def correct(self, burst: str, corrected: Callable[[Quarantined], Quarantined]) -> None:
        """Correct the objects of a burst in quarantine, as an operator does."""

        def write() -> None:
            for blob, record in self._quarantined(burst):
                blob.upload_from_string(msgspec.json.encode(corrected(record)) + b"\n")

        await asyncio.to_thread(write)

    def _quarantined(self, burst: str) -> list[tuple[Any, Quarantined]]:
        found = objects(self.cell).list_blobs(self.cell.bucket, prefix="quarantine/")
        records = [
            (blob, msgspec.json.decode(blob.download_as_bytes(), type=Quarantined))
            for blob in found
        ]
        return [
            (blob, record)
            for blob, record in records
            if (record.attributes or {}).get("ingest_id", "").startswith(f"{burst}-")
        ]

    async def operate(self, path: str, **body: object) -> dict[str, Any]:
        """Call `operate`, again if it answers that work is left; return its last report."""
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client,
        ):
            while True:
                answer = await client.post(f"{self.cell.url('operate')}/{path}", json=body)
                if answer.status_code != 503:
                    break
        assert answer.status_code == 200, answer.text
        report: dict[str, Any] = answer.json()
        return report


@asynccontextmanager
async def rigged_loader(folder: Path) -> AsyncIterator[LoaderRig]:
    """Run a cell with proxies in front of Pub/Sub, the bucket and BigQuery, while it is open."""
    base = free_port_base()
    port = {name: base + offset for offset, name in enumerate(PORTS)}
    broker, bucket, warehouse = (
        Proxy(base + len(PORTS) + number, port[name])
        for number, name in enumerate(("pubsub", "storage", "bigquery_grpc"))
    )
    proxies = (broker, bucket, warehouse)
    settings = SETTINGS | {
        "PUBSUB_ENDPOINT": broker.url,
        "STORAGE_ENDPOINT": bucket.url,
        "BIGQUERY_WRITE_ENDPOINT": warehouse.url,
    }
    try:
        for proxy in proxies:
            await proxy.restore()
        async with running(base, None, folder / "cell.json", settings) as (cell, started):
            stop_schedule(started)
            rig = LoaderRig(cell, started, settings, broker, bucket)
            rig.warehouse = warehouse
            await rig.configure_delivery(retry_policy=BACK_OFF)
            yield rig
    finally:
        for proxy in proxies:
            await proxy.cut()
