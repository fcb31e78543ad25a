"""The dollars of a month: quantities by price, from the volume and the variables of a cell."""

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
"""The bytes that Pub/Sub bills at least for a publish and for a push.
Source: https://cloud.google.com/pubsub/pricing"""

STEP_SECONDS = 0.1
"""Cloud Run bills the time of an instance in such steps.
Source: https://cloud.google.com/run/pricing"""

CONCURRENCY = 250
"""The requests that an instance of receive and load takes at a time
(terraform/modules/cell/functions.tf)."""

CPU_TARGET = 0.6
"""The share of its processor from which Cloud Run adds an instance.
Source: https://cloud.google.com/run/docs/about-instance-autoscaling"""

MOUNTED_SECRETS = 2
"""The secrets that an instance of receive or load reads again and again."""

QUERIES = "BigQuery queries"
NOTHING_LATE, EXECUTION = "sweep, nothing late", "execution, all days"


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price of ``prices.yaml``, whose head explains the members."""

    usd: float
    unit: str
    source: str
    free: float = 0
    seen: str = ""

    def of(self, quantity: float) -> float:
        """Return the dollars of a month's quantity."""
        return self.usd * max(0.0, quantity - self.free)


class Function(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a request to a function takes: seconds, processor seconds, and GiB of memory."""

    seconds: float
    cpu_seconds: float
    gib: float


class Usage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens in a month, from ``usage.yaml``, which explains the members."""

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
        name: what is billed, as in ``prices.yaml``.
        quantity: how much of it.
        usd: what it costs.
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

    Erasures that are due wait for others for `GATHERING`, and are executed together.
    """
    given = usage()
    due = volume.events / given.events_for_an_erasure
    most = DAYS_A_MONTH * DAY / GATHERING
    executions = most * (1 - math.exp(-due / most))
    return {**given.runs, EXECUTION: executions, NOTHING_LATE: given.sweeps - executions}


def bill(volume: Volume, cell: Cell, query_bytes: Callable[[str], float]) -> list[Line]:
    """Return the lines of a month's bill, without what analysts and BI tools query.

    Args:
        volume: how much is sent and stored.
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
    # A subscription with a filter pays for each message that the filter drops, but not for a push.
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

    Requests come independently of each other, all month long. While few come, one instance is busy
    for as long as it has a request; while many come, there are as many as their processors need.
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
    """Return the dollars of a bill that the queries of the background and of the pages cost."""
    return sum(line.usd for line in lines if line.name == QUERIES)
