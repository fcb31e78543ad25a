"""What is compared, and what the comparison should show: a to f receive, g to k load."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parent.parent.parent
PEERS = Path(__file__).parent / "peers"


Feed = Literal["webhooks", "pushes"]

Backend = Literal["broker", "slow_tables", "quick_tables", "bigquery"]
"""The stub of Pub/Sub; that of Storage Write with 20 ms an append and 4 at a time, or with neither;
or the BigQuery stand-in of the embedded cell."""


@dataclass(frozen=True)
class Variant:
    """One server under one load.

    Attributes:
        name: short, for the command line.
        title: for people.
        source: the file that functions-framework serves.
        target: the function in it.
        feed: what it is sent: webhooks, or Pub/Sub's pushes.
        backend: what it writes to.
        connections: of the load generator.
        events: in each request.
        warm_up: seconds of load before the measurement.
        bare: the bare server above which its processor time counts; empty if none is like it.
        half_load: whether it is also measured in an open loop at half of its throughput.
        tls: whether it writes over TLS.
        environ: settings beside those that all variants share.
    """

    name: str
    title: str
    source: Path
    target: str = "receive"
    feed: Feed = "webhooks"
    backend: Backend = "broker"
    connections: int = 64
    events: int = 1
    warm_up: int = 1
    bare: str = ""
    half_load: bool = False
    tls: bool = False
    environ: dict[str, str] = field(default_factory=dict)


APPEND_EACH = PEERS / "append_each.py"
INSERT_EACH = PEERS / "insert_each.py"
SAMPLE = PEERS / "documentation_sample.py"
HELLO = PEERS / "hello_world.py"
BARE = PEERS / "bare_server.py"
OURS = ROOT / "main.py"


BARE_RECEIVER, BARE_LOADER = "c0", "cp0"
RECEIVER, LOADER = "d", "i"


def _loading(
    name: str,
    title: str,
    source: Path,
    backend: Backend,
    connections: int = 64,
    *,
    half_load: bool = False,
) -> Variant:
    bare = "" if source in {HELLO, BARE} else BARE_LOADER
    variant = Variant(name, title, source, "receive", "pushes", backend, connections, bare=bare)
    if source != OURS:
        return variant
    # Long enough for most people to be known: each is new to the loader once a day.
    return replace(variant, target="load", warm_up=6, half_load=half_load)


_VARIANTS = (
    Variant("a", "documentation sample, default threads", SAMPLE, bare=BARE_RECEIVER),
    Variant(
        "b",
        "documentation sample, THREADS=64",
        SAMPLE,
        bare=BARE_RECEIVER,
        environ={"THREADS": "64"},
    ),
    Variant("c", "hello world that reads the body", HELLO),
    Variant(BARE_RECEIVER, "hello world past the framework", BARE),
    Variant(RECEIVER, "this receiver", OURS, bare=BARE_RECEIVER, half_load=True),
    Variant("d256", "this receiver, 256 connections", OURS, connections=256, bare=BARE_RECEIVER),
    Variant("e", "this receiver, arrays of 100", OURS, events=100),
    _loading("g", "an append for each delivery, 80 connections", APPEND_EACH, "slow_tables", 80),
    _loading("g250", "the same, 250 connections", APPEND_EACH, "slow_tables", 250),
    _loading("h", "this loader, 80 connections", OURS, "slow_tables", 80, half_load=True),
    _loading("h250", "this loader, 250 connections", OURS, "slow_tables", 250),
    _loading("cp", "hello world, fed with pushes", HELLO, "quick_tables"),
    _loading(BARE_LOADER, "the same past the framework", BARE, "quick_tables"),
    _loading(
        LOADER, "this loader, tables that answer at once", OURS, "quick_tables", half_load=True
    ),
    _loading("k0", "an insert for each delivery, BigQuery stand-in", INSERT_EACH, "bigquery"),
    _loading("k", "this loader, BigQuery stand-in", OURS, "bigquery"),
)


def _with_tls(variants: tuple[Variant, ...]) -> Iterator[Variant]:
    """Yield variants, each followed by the same over TLS, if it writes to a stub."""
    for variant in variants:
        yield variant
        if variant.source not in {HELLO, BARE} and variant.backend != "bigquery":
            yield replace(variant, name=f"{variant.name}-tls", title="the same over TLS", tls=True)


VARIANTS = tuple(_with_tls(_VARIANTS))


def named(name: str) -> Variant:
    """Return the variant with this name."""
    return next(variant for variant in VARIANTS if variant.name == name)


Figure = Literal[
    "events_per_second", "events_per_cpu_second", "cpu_microseconds", "first_answer_seconds"
]


@dataclass(frozen=True)
class Bar:
    """A ratio of two variants' medians, or their difference, and what it should be.

    Attributes:
        of: the variant above the line.
        to: the variant below the line.
        figure: the measured figure.
        bound: the least value; the largest where `at_most`.
        at_most: whether less is better.
        difference: whether the value is a difference, not a ratio.
    """

    of: str
    to: str
    figure: Figure
    bound: float
    at_most: bool = False
    difference: bool = False

    def value(self, above: float, below: float) -> float:
        """Return the ratio or the difference of two medians."""
        return above - below if self.difference else above / below

    def holds(self, value: float) -> bool:
        """Tell whether a value meets the bar."""
        return value <= self.bound if self.at_most else value >= self.bound


BARS = (
    Bar("d", "a", "events_per_second", 25),
    Bar("d", "b", "events_per_second", 5),
    Bar("d", "c", "events_per_cpu_second", 0.6),
    Bar("e", "a", "events_per_second", 150),
    Bar("d", "a", "first_answer_seconds", 1, at_most=True),
    Bar("h", "g", "events_per_second", 12),
    Bar("h250", "g250", "events_per_second", 35),
    Bar("i", "cp", "events_per_cpu_second", 0.5),
    Bar("d", "c0", "cpu_microseconds", 30, at_most=True, difference=True),
)
