"""Measures: rounds of all variants in alternating order, and the medians of their figures."""

from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any

import msgspec

from tests.bench import open_loop, wrk
from tests.bench.servers import (
    FUNCTION_CORE,
    LOAD_CORE,
    Bench,
    core_seconds,
    cpu_seconds,
    function,
    resident_bytes,
)
from tests.bench.variants import Variant


class Broken(Exception):
    """A variant refused requests or broke connections under load; its figures mean nothing."""


class Figures(msgspec.Struct, frozen=True):
    """What one variant did, in one round or as medians.

    Attributes:
        events_per_second: answered with 2xx.
        events_per_cpu_second: the same for each second of processor time of the function.
        cpu_microseconds: processor time for an event, in microseconds.
        busy: the share of its core that the function used.
        others: the share that others took of it; more than a little distorts everything else.
        p50_ms: the median latency of a request, in milliseconds.
        p99_ms: the 99th percentile of it, in milliseconds.
        resident_mb: resident memory of master and worker after the load, in 10^6 bytes.
        first_answer_seconds: from the start of the process to its first 2xx.
        half_load_p99_ms: the 99th percentile of the latency in an open loop at half of the
            throughput, in milliseconds; None if it was not measured.
    """

    events_per_second: float
    events_per_cpu_second: float
    cpu_microseconds: float
    busy: float
    others: float
    p50_ms: float
    p99_ms: float
    resident_mb: float
    first_answer_seconds: float
    half_load_p99_ms: float | None = None


def rounds(
    at: Bench,
    variants: Sequence[Variant],
    *,
    count: int,
    seconds: int,
    progress: Callable[[int, Variant], None],
) -> dict[str, Figures]:
    """Measure all variants that often, every other round backwards; return medians by name.

    Args:
        at: where.
        variants: what.
        count: how many rounds.
        seconds: of load for each variant and round, after a warm-up.
        progress: told the round and the variant before each measurement.

    Raises:
        Broken: a variant did not bear the load.
        NotStarted: a variant gave no 2xx.
    """
    measured: dict[str, list[Figures]] = {variant.name: [] for variant in variants}
    for number in range(count):
        for variant in variants if number % 2 == 0 else reversed(variants):
            progress(number, variant)
            measured[variant.name].append(_measure(at, variant, seconds))
    return {name: medians(figures) for name, figures in measured.items()}


def medians(figures: Sequence[Figures]) -> Figures:
    """Return each figure's median; a figure that one of them lacks has none."""
    columns: Iterator[tuple[Any, ...]]
    columns = zip(*map(msgspec.structs.astuple, figures), strict=True)
    middle: list[Any] = [None if None in values else median(values) for values in columns]
    return Figures(*middle)


def _measure(at: Bench, variant: Variant, seconds: int) -> Figures:
    with function(at, variant) as (child, first_answer):
        _load(at, variant, variant.warm_up)
        before, core_before = cpu_seconds(child), core_seconds(FUNCTION_CORE)
        seen = _load(at, variant, seconds)
        cpu, core = cpu_seconds(child) - before, core_seconds(FUNCTION_CORE) - core_before
        resident, events = resident_bytes(child), seen.requests * variant.events
        return Figures(
            events_per_second=events / seen.seconds,
            events_per_cpu_second=events / cpu,
            cpu_microseconds=cpu / events * 1e6,
            busy=cpu / seen.seconds,
            others=max(core - cpu, 0.0) / seen.seconds,
            p50_ms=seen.p50_ms,
            p99_ms=seen.p99_ms,
            resident_mb=resident / 1e6,
            first_answer_seconds=first_answer,
            half_load_p99_ms=_at_half_load(at, variant, seen, seconds),
        )


def _at_half_load(at: Bench, variant: Variant, seen: wrk.Outcome, seconds: int) -> float | None:
    if not variant.half_load:
        return None
    rate = seen.requests / seen.seconds / 2
    url, bodies = at.url(variant), at.bodies(variant)
    return _unbroken(
        variant, open_loop.run(url, bodies, rate=rate, seconds=seconds, core=LOAD_CORE)
    ).p99_ms


def _load(at: Bench, variant: Variant, seconds: int) -> wrk.Outcome:
    return _unbroken(
        variant,
        wrk.run(
            at.url(variant),
            at.bodies(variant),
            connections=variant.connections,
            seconds=seconds,
            core=LOAD_CORE,
        ),
    )


def _unbroken(variant: Variant, seen: wrk.Outcome) -> wrk.Outcome:
    if seen.refused or seen.broken or not seen.requests:
        raise Broken(f"{variant.name}: {seen.refused} refused, {seen.broken} broken")
    return seen


def cpu_of(at: Bench, variant: Variant, seconds: int) -> float:
    """Start a variant, warm it up, and return its microseconds of processor time for an event.

    Raises:
        Broken: the variant did not bear the load.
        NotStarted: the variant gave no 2xx.
    """
    with function(at, variant) as (child, _):
        _load(at, variant, variant.warm_up)
        before = cpu_seconds(child)
        seen = _load(at, variant, seconds)
        return (cpu_seconds(child) - before) / seen.requests / variant.events * 1e6
