"""Measures: rounds of all variants in alternating order, and the medians of their figures."""

from collections.abc import Callable, Sequence
from statistics import median

import msgspec

from tests.bench import wrk
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
        cpu_seconds_per_million: processor time for a million events, in seconds.
        busy: the share of its core that the function used.
        others: the share that others took of it; more than a little distorts everything else.
        p50_ms: the median latency of a request, in milliseconds.
        p99_ms: the 99th percentile of it, in milliseconds.
        resident_mb: resident memory of master and worker after the load, in 10^6 bytes.
        first_answer_seconds: from the start of the process to its first 2xx.
    """

    events_per_second: float
    events_per_cpu_second: float
    cpu_seconds_per_million: float
    busy: float
    others: float
    p50_ms: float
    p99_ms: float
    resident_mb: float
    first_answer_seconds: float


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
    """Return each figure's median."""
    rows = map(msgspec.structs.astuple, figures)
    return Figures(*(median(values) for values in zip(*rows, strict=True)))


def _measure(at: Bench, variant: Variant, seconds: int) -> Figures:
    with function(at, variant) as (child, first_answer):
        _load(at, variant, variant.warm_up)
        before, core_before = cpu_seconds(child), core_seconds(FUNCTION_CORE)
        seen = _load(at, variant, seconds)
        cpu, core = cpu_seconds(child) - before, core_seconds(FUNCTION_CORE) - core_before
        events = seen.requests * variant.events
        return Figures(
            events_per_second=events / seen.seconds,
            events_per_cpu_second=events / cpu,
            cpu_seconds_per_million=cpu / events * 1e6,
            busy=cpu / seen.seconds,
            others=max(core - cpu, 0.0) / seen.seconds,
            p50_ms=seen.p50_ms,
            p99_ms=seen.p99_ms,
            resident_mb=resident_bytes(child) / 1e6,
            first_answer_seconds=first_answer,
        )


def _load(at: Bench, variant: Variant, seconds: int) -> wrk.Outcome:
    seen = wrk.run(
        at.url(variant),
        at.bodies(variant),
        connections=variant.connections,
        seconds=seconds,
        core=LOAD_CORE,
    )
    if seen.refused or seen.broken or not seen.requests:
        raise Broken(f"{variant.name}: {seen.refused} refused, {seen.broken} broken")
    return seen
