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
"""Longer than the loader takes for the last events, and for the line in which it tells of them."""

JSON = {"Content-Type": "application/json"}


class Freshness(msgspec.Struct, frozen=True):
    """From receipt to storage, as the loader's own log has it.

    Attributes:
        events: that were sent and stored.
        per_second: sent in a second.
        p50_ms: half of a second's events took at most so many milliseconds; the median second's.
        p99_ms: all but a hundredth did; the median second's.
        max_ms: the longest of all, in milliseconds.
    """

    events: int
    per_second: float
    p50_ms: float
    p99_ms: float
    max_ms: float


class NotLoaded(Exception):
    """Events were refused, or are not stored."""


def measure(port_base: int, seconds: int, folder: Path) -> Freshness:
    """Run an embedded cell, send it traffic for so many seconds, and read the loader's log.

    Args:
        port_base: of the cell's ports.
        seconds: of traffic; as much goes before, unmeasured, for clients and caches.
        folder: for the note by which a cell is found.

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
    """Send each event at its time, whatever became of those before; return how many a second.

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
    """Read what the loader said of so many events.

    Raises:
        NotLoaded: it stored fewer.
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
