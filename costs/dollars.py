"""The dollars of a month: quantities, from the volume and the variables of a cell, times prices."""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from costs.deployment import Cell
from costs.volume import DAYS_A_MONTH, Volume, width
from functions.privacy.periods import GATHERING, LOGGED
from functions.secrets.file import REFRESH_SECONDS
from functions.warehouse.days import DAY

FOLDER = Path(__file__).parent

MONTH_SECONDS = DAYS_A_MONTH * 86_400
GIB, TIB = 2**30, 2**40

LEAST_MESSAGE = 1_000
"""The smallest number of bytes that Pub/Sub bills for a publish and for a push.
Source: https://cloud.google.com/pubsub/pricing"""

STEP_SECONDS = 0.1
"""Cloud Run rounds the time of an instance up to a multiple of this.
Source: https://cloud.google.com/run/pricing"""

CONCURRENCY = 250
"""How many requests an instance of `receive` or `load` handles at a time
(terraform/modules/cell/functions.tf)."""

CPU_TARGET = 0.6
"""Cloud Run adds an instance when the instances use more than this share of their processors.
Source: https://cloud.google.com/run/docs/about-instance-autoscaling"""

MOUNTED_SECRETS = 2
"""How many secrets an instance of `receive` or `load` reads again every `REFRESH_SECONDS`."""

QUERIES = "BigQuery queries"
NOTHING_LATE, EXECUTION = "sweep, nothing late", "execution, all days"


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price; the head of ``prices.yaml`` explains the members."""

    usd: float
    unit: str
    source: str
    free: float = 0
    seen: str = ""

    def of(self, quantity: float) -> float:
        """Return the dollars for the quantity of a month."""
        return self.usd * max(0.0, quantity - self.free)


class Function(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The use of one request to a function: seconds, processor seconds, and GiB of memory."""

    seconds: float
    cpu_seconds: float
    gib: float


class Usage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The use of a cell in a month; comments in ``usage.yaml`` explain the members."""

    runs: Mapping[str, float]
    sweeps: float
    events_for_an_erasure: float
    events_per_request: float
    message_bytes: float
    functions: Mapping[str, Function]
    job_seconds: float
    replays: float
    log_line_bytes: float
    scheduler_jobs: int
    secret_versions: int
    alert_conditions: int
    bucket_gib: float
    images_gib: float


class Line(NamedTuple):
    """One line of a month's bill.

    Attributes:
        name: the name of the price in ``prices.yaml``.
        quantity: how many units of the price are used.
        usd: the cost in dollars.
    """

    name: str
    quantity: float
    usd: float


@cache
def prices() -> Mapping[str, Price]:
    """Read ``prices.yaml``."""
    return msgspec.yaml.decode((FOLDER / "prices.yaml").read_bytes(), type=dict[str, Price])


@cache
def usage() -> Usage:
    """Read ``usage.yaml``."""
    return msgspec.yaml.decode((FOLDER / "usage.yaml").read_bytes(), type=Usage)


def runs_a_month(volume: Volume) -> dict[str, float]:
    """Return how often each job runs.

    A due erasure waits for other erasures for `GATHERING`; then one execution carries out all.
    """
    given = usage()
    due = volume.events / given.events_for_an_erasure
    most = DAYS_A_MONTH * DAY / GATHERING
    executions = most * (1 - math.exp(-due / most))
    return {**given.runs, EXECUTION: executions, NOTHING_LATE: given.sweeps - executions}


def bill(volume: Volume, cell: Cell, query_bytes: Callable[[str], float]) -> list[Line]:
    """Return the lines of a month's bill, without the queries of analysts and BI tools.

    Args:
        volume: how many events are sent, and for how long they are kept.
        cell: the variables of the cell.
        query_bytes: returns the bytes that BigQuery bills for one run of a job.
    """
    quantities = {
        QUERIES: sum(
            number * query_bytes(job) for job, number in runs_a_month(volume).items()
        ) / TIB,
        **dict(_pipeline(volume, cell)),
        **dict(_functions(volume, cell)),
        **dict(_fixed(volume, cell)),
    }  # fmt: skip
    return [
        Line(name, quantities[name], price.of(quantities[name])) for name, price in prices().items()
    ]


def _pipeline(volume: Volume, cell: Cell) -> Iterator[tuple[str, float]]:
    given = usage()
    message = max(LEAST_MESSAGE, given.message_bytes)
    # Google bills a message that a subscription's filter drops, but bills no push for it.
    # Source: https://cloud.google.com/pubsub/docs/subscription-message-filter
    per_event = (2 + cell.subscriptions) * message + given.message_bytes
    yield "Pub/Sub", volume.events * per_event / GIB
    yield "BigQuery Storage Write", volume.events * width("events_v1") / GIB
    yield "BigQuery storage", volume.stored() / GIB


def _functions(volume: Volume, cell: Cell) -> Iterator[tuple[str, float]]:
    given = usage()
    requests = {"receive": volume.events / given.events_per_request, "load": volume.events}
    active = {
        name: instance_seconds(requests[name], each) for name, each in given.functions.items()
    }
    jobs = sum(runs_a_month(volume).values())
    background = jobs * given.job_seconds + given.replays
    memory = sum(active[name] * each.gib for name, each in given.functions.items()) + background
    yield "Cloud Run requests", (sum(requests.values()) + jobs + given.replays) / 1e6
    yield "Cloud Run CPU", sum(active.values()) + background
    yield "Cloud Run memory", memory
    idle = sum(
        max(0.0, number * MONTH_SECONDS - active.get(name, 0))
        for name, number in cell.min_instances.items()
    )
    yield "Cloud Run idle CPU", idle
    yield "Cloud Run idle memory", idle
    yield "Secret reads", sum(active.values()) / REFRESH_SECONDS * MOUNTED_SECRETS
    lines = sum(min(number, active[name]) for name, number in requests.items())
    yield "Logs", lines * given.log_line_bytes / GIB
    later = max(0.0, cell.log_retention_days - LOGGED.days) / DAYS_A_MONTH
    yield "Logs after 30 days", lines * given.log_line_bytes / GIB * later


def instance_seconds(requests: float, function: Function) -> float:
    """Return the seconds for which Cloud Run bills instances of a function in a month.

    The model assumes requests that come independently of each other, all month long. If few come,
    Cloud Run bills the time in which one instance has a request. If many come, Cloud Run runs as
    many instances as the processor time or the concurrent requests need.
    """
    rate = requests / MONTH_SECONDS
    busy = 1 - math.exp(-rate * max(STEP_SECONDS, function.seconds))
    for_processors = rate * function.cpu_seconds / CPU_TARGET
    for_places = rate * function.seconds / CONCURRENCY
    return MONTH_SECONDS * max(busy, for_processors, for_places)


def _fixed(_volume: Volume, cell: Cell) -> Iterator[tuple[str, float]]:
    given = usage()
    yield "Alert conditions", given.alert_conditions
    yield "Cloud Storage", given.bucket_gib
    yield "Scheduler jobs", given.scheduler_jobs
    yield "Secret versions", given.secret_versions
    yield "Images", given.images_gib
    yield "Keys", 1.0 if cell.cmek else 0.0


def total(lines: list[Line]) -> float:
    """Return the dollars of a bill."""
    return sum(line.usd for line in lines)


def background(lines: list[Line]) -> float:
    """Return the dollars of a bill for queries: those of the background and of the dashboard."""
    return sum(line.usd for line in lines if line.name == QUERIES)
