"""The benchmarks' command: `python -m tests.bench`, or `make bench`."""

import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import click
import msgspec
from rich.console import Console

from local.children import ChildDied, SlowStart
from tests.bench import dashboard, freshness, outcome, partners, report, scale, wrk
from tests.bench.filling import LEAST_EVENTS
from tests.bench.freshness import NotLoaded
from tests.bench.measure import Broken, rounds
from tests.bench.partners import PAIRS
from tests.bench.scale import MILLION
from tests.bench.servers import NotStarted, bench
from tests.bench.variants import VARIANTS, Variant

PORT_BASE = 18700
TABLE_COLUMNS = 160
FRESHNESS, DASHBOARD, PARTNERS, SCALE = "j", "l", "m", "scale"
FRESHNESS_SECONDS_FOR_EACH = 5
"""Freshness is measured once, for so many times the seconds of the other measurements."""
PREFIX = "watchers-warehouse-bench-"


@click.command()
@click.option("--rounds", "count", default=5, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=4, show_default=True, type=click.IntRange(1))
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(
        [*(variant.name for variant in VARIANTS), FRESHNESS, DASHBOARD, PARTNERS, SCALE]
    ),
    help="Measure this variant; may be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--write",
    "page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put the results into this page.",
)
@click.option(
    "--events",
    "millions",
    default="1,2,4",
    show_default=True,
    help=f"The sizes for {SCALE}, in millions of events.",
)
@click.option(
    "--port-base", default=PORT_BASE, show_default=True, type=click.IntRange(1024, 65_000)
)
def main(
    count: int,
    seconds: int,
    only: tuple[str, ...],
    *,
    as_json: bool,
    page: Path | None,
    millions: str,
    port_base: int,
) -> None:
    """Compare this with what others would build, on two cores of this machine.

    The scale run takes long, so it runs only if it is named: --only scale.
    """
    if len(os.sched_getaffinity(0)) < 2:
        raise click.ClickException("two processors are needed: one of them for the function alone")
    log = Console(stderr=True)
    wanted = Wanted(count, seconds, only, sizes(millions), port_base)
    try:
        run = measure(wanted, log)
    except (
        wrk.WrkMissing,
        wrk.WrkFailed,
        Broken,
        NotStarted,
        NotLoaded,
        ChildDied,
        SlowStart,
    ) as error:
        raise click.ClickException(str(error)) from error
    if outcome.is_disturbed(run):
        log.print("the machine was busy with something else: these figures mean little")
    if as_json:
        sys.stdout.write(msgspec.json.encode(run).decode() + "\n")
    else:
        report.show(run, Console(width=max(Console().width, TABLE_COLUMNS)))
    if page is not None:
        report.write(run, page)


def sizes(millions: str) -> list[int]:
    """Read numbers of events, such as ``1,2,4`` for millions.

    Raises:
        click.BadParameter: these are no numbers, or too few events for the last days.
    """
    try:
        read = sorted(int(float(size) * MILLION) for size in millions.split(","))
    except ValueError:
        raise click.BadParameter("--events must be numbers, separated by commas") from None
    if read[0] < LEAST_EVENTS:
        raise click.BadParameter(f"--events must be at least {LEAST_EVENTS / MILLION:g}")
    return read


class Wanted(NamedTuple):
    """What is to be measured.

    Attributes:
        rounds: how many.
        seconds: of load for each variant and round.
        only: the names of what is measured; empty for all but the scale run.
        sizes: the numbers of events of the scale run.
        port_base: of the cells' ports.
    """

    rounds: int
    seconds: int
    only: tuple[str, ...]
    sizes: list[int]
    port_base: int

    def has(self, name: str) -> bool:
        """Return whether this is to be measured."""
        return name in self.only or (not self.only and name != SCALE)


def measure(wanted: Wanted, log: Console) -> outcome.Run:
    """Measure what is wanted."""

    def progress(number: int, variant: Variant) -> None:
        log.print(f"round {number + 1} of {wanted.rounds}: {variant.name}, {variant.title}")

    variants = [variant for variant in VARIANTS if wanted.has(variant.name)]
    figures, compared = {}, None
    if variants or wanted.has(PARTNERS):
        wrk.require()
        with bench(wanted.port_base) as at:
            figures = rounds(
                at, variants, count=wanted.rounds, seconds=wanted.seconds, progress=progress
            )
            if wanted.has(PARTNERS):
                compared = partners.measure(
                    at,
                    wanted.seconds,
                    lambda pair: log.print(f"{PARTNERS}, pair {pair + 1} of {PAIRS}"),
                )
    run = outcome.Run(
        outcome.machine(),
        wanted.rounds,
        wanted.seconds,
        figures,
        outcome.verdicts(figures),
        partners=compared,
    )
    return _in_cells(run, wanted, log)


def _in_cells(run: outcome.Run, wanted: Wanted, log: Console) -> outcome.Run:
    """Add what is measured in embedded cells."""
    base = wanted.port_base
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        folder = Path(name)
        if wanted.has(FRESHNESS):
            log.print(f"{FRESHNESS}, freshness in the embedded cell")
            fresh = freshness.measure(base, FRESHNESS_SECONDS_FOR_EACH * wanted.seconds, folder)
            run = msgspec.structs.replace(run, freshness=fresh)
        if wanted.has(DASHBOARD):
            log.print(f"{DASHBOARD}, the dashboard over a raw table that doubles")
            run = msgspec.structs.replace(run, dashboards=dashboard.measure(base, folder))
        if wanted.has(SCALE):
            scales = scale.measure(
                base, wanted.sizes, folder, lambda text: log.print(f"{SCALE}, {text}")
            )
            run = msgspec.structs.replace(run, scales=scales)
    return run


if __name__ == "__main__":
    main()
