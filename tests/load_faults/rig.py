"""A cell whose loader can be cut off from BigQuery; events are published to its topic directly."""

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
"""The loader's limits, lowered. Not its deadline: an append that is stored too late comes again."""

BACK_OFF = {"minimum_backoff": {"nanos": 100_000_000}, "maximum_backoff": {"seconds": 1}}
"""Pub/Sub's, shortened from 10 s and 600 s."""


class LoaderRig(Rig):
    """A running cell with faults between the loader and BigQuery at hand.

    Attributes:
        warehouse: between the loader and the Storage Write API.
    """

    warehouse: Proxy

    async def recover(self) -> None:
        """Bring BigQuery and the others back."""
        await self.warehouse.restore()
        await super().recover()

    @asynccontextmanager
    async def loader(self, **settings: str) -> AsyncIterator[None]:
        """Run the loader with other settings for as long as the context is open."""
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
        """Let Pub/Sub give a message up after five attempts, the least that it offers."""
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
        """How many rows the store has of a burst, copies included."""
        [row] = await self.rows(
            f"SELECT COUNT(*) AS n FROM {events_of(self.cell)}"
            f" WHERE STARTS_WITH(ingest_id, '{burst}-')"
        )
        return int(row["n"])

    async def until_stored(self, burst: str, rows: int) -> None:
        """Wait until the store has so many rows of a burst."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.stored(burst) < rows:  # noqa: ASYNC110 - BigQuery tells no Event
                await asyncio.sleep(0.05)

    async def settle(self, burst: str, rows: int) -> None:
        """Settle, two runs at a time, until the store has so many rows of a burst.

        A copy may come after a run: the delivery of a row that is stored already may be under way.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (left := await self.stored(burst)) != rows:
                assert left > rows, "more than the copies is gone"
                await asyncio.gather(*(self.operate("settle") for _ in range(2)))

    async def quarantined(self, burst: str) -> list[Quarantined]:
        """What is in quarantine of a burst."""

        return [record for _, record in await asyncio.to_thread(self._quarantined, burst)]

    async def correct(self, burst: str, corrected: Callable[[Quarantined], Quarantined]) -> None:
        """Correct what is in quarantine of a burst, as an operator does with each object."""

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
        """Call the operate function, again where it asks for that; its last report."""
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
    """Run a cell with faults at hand for as long as the context is open."""
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
