"""Measures freshness: from the receipt of an event until its row is in the embedded cell."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import msgspec

from functions.events.catalogue import load_catalogue
from local import simulate
from local.cell import Cell
from local.children import Child
from local.pubsub.http import Poster
from local.traffic import make_traffic
from local.up import running
from local.webhook import Webhook

PER_SECOND = 200
CALM_SECONDS = 3
"""How long to wait at the end, so that the loader stores the last events and logs that."""

JSON = {"Content-Type": "application/json"}


class Freshness(msgspec.Struct, frozen=True):
    """The time from receipt to storage, as the loader logs it each second.

    Attributes:
        events: how many events were sent and stored.
        per_second: how many events were sent per second.
        p50_ms: the median time of a second's events, in milliseconds; the median over all seconds.
        p99_ms: the 99th percentile of a second's events; the median over all seconds.
        max_ms: the longest time of all events, in milliseconds.
    """

    events: int
    per_second: float
    p50_ms: float
    p99_ms: float
    max_ms: float


class NotLoaded(Exception):
    """Events were refused, or are not stored."""


def measure(port_base: int, seconds: int, folder: Path) -> Freshness:
    """Run an embedded cell, send it traffic for some seconds, and read the loader's log.

    Args:
        port_base: the first of the cell's ports.
        seconds: how long the traffic is measured; as much traffic before that warms up clients
            and caches.
        folder: the folder for the file by which other commands find the cell.

    Raises:
        NotLoaded: events were refused, or are not stored.
    """
    return asyncio.run(_measure(port_base, seconds, folder))


async def _measure(port_base: int, seconds: int, folder: Path) -> Freshness:
    async with running(port_base, None, folder / "cell.json") as (cell, started):
        loader = next(child for child in started if child.name == "load")
        for seed in (1, 2):
            now = datetime.now(UTC)
            events = PER_SECOND * seconds
            plan = simulate.plan(events=events, users=500, days=1, seed=seed, now=now)
            traffic = make_traffic(plan, load_catalogue())
            before = len(_lines(loader))
            per_second = await _send(cell, traffic)
            await asyncio.sleep(CALM_SECONDS)
        return summarise(_lines(loader)[before:], len(traffic), per_second)


async def _send(cell: Cell, traffic: Sequence[Webhook]) -> float:
    """Send each event at its time, even if earlier ones wait for answers; return the rate.

    Raises:
        NotLoaded: an event was refused.
    """
    addresses = cell.describe()
    posters = {"chat": Poster(addresses["events_url"]), "room": Poster(addresses["rooms_url"])}
    clock = asyncio.get_running_loop().time
    began = clock()
    posts = []
    for number, webhook in enumerate(traffic):
        await asyncio.sleep(began + number / PER_SECOND - clock())
        body = json.dumps(webhook.body).encode()
        posts.append(asyncio.create_task(posters[webhook.kind].post(JSON, body)))
    statuses = await asyncio.gather(*posts)
    took = clock() - began
    for poster in posters.values():
        poster.close()
    if set(statuses) != {200}:
        raise NotLoaded("events were refused")
    return len(traffic) / took


def summarise(lines: Iterable[str], events: int, per_second: float) -> Freshness:
    """Compute the freshness of events from the lines of the loader's log.

    Raises:
        NotLoaded: the loader stored fewer events.
    """
    read = [json.loads(line) for line in lines if '"message":"loaded"' in line]
    stored = [line for line in read if line["freshness_ms"]]
    if sum(line["stored"] for line in stored) < events:
        raise NotLoaded("not all events are stored")
    times = [line["freshness_ms"] for line in stored]
    return Freshness(
        events=events,
        per_second=per_second,
        p50_ms=median(time["p50"] for time in times),
        p99_ms=median(time["p99"] for time in times),
        max_ms=max(time["max"] for time in times),
    )


def _lines(child: Child) -> list[str]:
    return child.log.read_text(errors="replace").splitlines()
