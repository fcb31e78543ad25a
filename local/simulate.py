"""Sends simulated traffic: today's events as webhooks, earlier events as messages to the topic."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from zlib import crc32

import httpx
from rich.console import Console
from rich.progress import Progress

from functions.events.attributes import Attributes, format_time
from functions.events.catalogue import load_catalogue
from local.cell import CELL, PARTNER, PARTNER_PROJECTS, Cell
from local.clients import publisher
from local.traffic import make_traffic
from local.webhook import Plan, Webhook

CONNECTIONS = 16
TIMEOUT_SECONDS = 15
PUBLISH_AT_A_TIME = 500


@dataclass(frozen=True)
class Sent:
    """The outcome of one webhook: a line of the record.

    Attributes:
        webhook: the webhook as the simulator made it.
        ingest_id: the event's ingest id; None if the event was refused.
        status: the status of the answer; 200 for an event that was published to the topic.
        received_at: when the answer came; for an event that was published, its receive time.
    """

    webhook: Webhook
    ingest_id: str | None
    status: int
    received_at: datetime

    def line(self) -> str:
        """Return the record's line of JSON."""
        fields = asdict(self.webhook) | {
            "ingest_id": self.ingest_id,
            "status": self.status,
            "received_at": format_time(self.received_at),
        }
        return json.dumps(fields, default=format_time)


@dataclass(frozen=True)
class Summary:
    """The numbers of a finished simulation."""

    sent: int
    accepted: int
    refused: int
    seconds: float

    @property
    def events_per_second(self) -> float:
        """How many events were sent per second, on average."""
        return self.sent / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        """Return the summary as a line for people."""
        return (
            f"sent {self.sent}, accepted {self.accepted}, refused {self.refused} "
            f"in {self.seconds:.1f} s ({self.events_per_second:,.0f} events/s)"
        )


def summarize(record: Sequence[Sent], seconds: float) -> Summary:
    """Return the summary of a simulation from its record and its duration in seconds."""
    accepted = sum(sent.ingest_id is not None for sent in record)
    return Summary(len(record), accepted, len(record) - accepted, seconds)


SEEDS = 1_000_000
"""How many seeds there are to draw from."""


def plan(*, events: int, users: int, days: int, seed: int, now: datetime) -> Plan:
    """Plan traffic over the projects that are pinned to the cell."""
    projects = tuple(name for name, cell in PARTNER_PROJECTS.items() if cell == CELL)
    return Plan(events, users, days, seed, now, projects)


async def run(
    cell: Cell, plan: Plan, *, rate: float | None, console: Console
) -> tuple[list[Sent], Summary]:
    """Make a plan's traffic and send it, with a progress bar."""
    started = time.monotonic()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Sending webhooks", total=plan.events)
        traffic = make_traffic(plan, load_catalogue())
        record = await send(
            cell,
            traffic,
            now=plan.until,
            rate=rate,
            advance=lambda done: progress.advance(task, done),
        )
    return record, summarize(record, time.monotonic() - started)


async def send(
    cell: Cell,
    traffic: Sequence[Webhook],
    *,
    now: datetime,
    rate: float | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Sent]:
    """Send traffic to a cell.

    Args:
        cell: the cell to send to.
        traffic: the webhooks to send.
        now: the present time. Webhooks of this day (UTC) are sent over HTTP. Earlier ones are
            published to the topic, with their own time as the receive time.
        rate: the maximum of webhooks per second over HTTP; None for no maximum.
        advance: called with the number of webhooks sent since the last call.

    Raises:
        httpx.HTTPError: `receive` does not answer.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    past = [webhook for webhook in traffic if webhook.at < midnight]
    today = [webhook for webhook in traffic if webhook.at >= midnight]
    published = await asyncio.to_thread(lambda: list(_publish(cell, past, advance)))
    return published + await _post(cell, today, rate, advance)


def _publish(
    cell: Cell, webhooks: Sequence[Webhook], advance: Callable[[int], None]
) -> Iterator[Sent]:
    client = publisher(cell)
    for start in range(0, len(webhooks), PUBLISH_AT_A_TIME):
        batch = webhooks[start : start + PUBLISH_AT_A_TIME]
        messages = [
            {"data": json.dumps(webhook.body).encode(), "attributes": _attributes(webhook)}
            for webhook in batch
        ]
        client.api.publish(topic=cell.topic, messages=messages, timeout=TIMEOUT_SECONDS)
        advance(len(batch))
        for webhook in batch:
            yield Sent(webhook, webhook.ingest_id, 200, webhook.at)


def _attributes(webhook: Webhook) -> dict[str, str]:
    return Attributes(
        ingest_id=webhook.ingest_id,
        received_at=format_time(webhook.at),
        kind=webhook.kind,
        partner=PARTNER,
        project=str(webhook.value["project"]),
        event=webhook.event,
    ).to_mapping()


async def _post(
    cell: Cell, webhooks: Sequence[Webhook], rate: float | None, advance: Callable[[int], None]
) -> list[Sent]:
    addresses = cell.describe()
    urls = {"chat": addresses["events_url"], "room": addresses["rooms_url"]}
    started = time.monotonic()
    record: dict[int, Sent] = {}

    async def work(client: httpx.AsyncClient, lane: Sequence[tuple[int, Webhook]]) -> None:
        for number, webhook in lane:
            if rate:
                await asyncio.sleep(started + number / rate - time.monotonic())
            answer = await client.post(urls[webhook.kind], json=webhook.body)
            result = answer.json().get("results", [{}])[0]
            received_at = datetime.now(UTC)
            record[number] = Sent(webhook, result.get("ingest_id"), answer.status_code, received_at)
            advance(1)

    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        await asyncio.gather(*(work(client, lane) for lane in lanes(webhooks, CONNECTIONS)))
    return [record[number] for number in sorted(record)]


def lanes(webhooks: Sequence[Webhook], count: int) -> list[list[tuple[int, Webhook]]]:
    """Divide numbered webhooks among connections.

    All webhooks of a person use one connection, so they keep their order. A person who deletes a
    profile and restores it must not seem to restore it first.
    """
    divided: list[list[tuple[int, Webhook]]] = [[] for _ in range(count)]
    for number, webhook in enumerate(webhooks):
        person = str(webhook.value.get("user_id", ""))
        divided[crc32(person.encode()) % count].append((number, webhook))
    return divided
