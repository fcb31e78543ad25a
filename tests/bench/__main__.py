"""The benchmarks' command: `python -m tests.bench`, or `make bench`."""

import os
import sys
import tempfile
from pathlib import Path

import click
import msgspec
from rich.console import Console

from local.children import ChildDied, SlowStart
from tests.bench import dashboard, freshness, outcome, report, wrk
from tests.bench.freshness import NotLoaded
from tests.bench.measure import Broken, rounds
from tests.bench.servers import NotStarted, bench
from tests.bench.variants import VARIANTS, Variant

PORT_BASE = 18700
TABLE_COLUMNS = 135
FRESHNESS, DASHBOARD = "j", "l"
FRESHNESS_SECONDS_FOR_EACH = 5
"""Freshness is measured once, for so many times the seconds of the other measurements."""
PREFIX = "watchers-warehouse-bench-"


@click.command()
@click.option("--rounds", "count", default=5, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=4, show_default=True, type=click.IntRange(1))
@click.option(
    "--only",
    multiple=True,
    type=click.Choice([*(variant.name for variant in VARIANTS), FRESHNESS, DASHBOARD]),
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
    "--port-base", default=PORT_BASE, show_default=True, type=click.IntRange(1024, 65_000)
)
def main(
    count: int,
    seconds: int,
    only: tuple[str, ...],
    *,
    as_json: bool,
    page: Path | None,
    port_base: int,
) -> None:
    """Compare this with what others would build, on two cores of this machine."""
    if len(os.sched_getaffinity(0)) < 2:
        raise click.ClickException("two processors are needed: one of them for the function alone")
    log = Console(stderr=True)

    def progress(number: int, variant: Variant) -> None:
        log.print(f"round {number + 1} of {count}: {variant.name}, {variant.title}")

    variants = [variant for variant in VARIANTS if not only or variant.name in only]
    try:
        wrk.require()
        with bench(port_base) as at:
            figures = rounds(at, variants, count=count, seconds=seconds, progress=progress)
        fresh = None
        if not only or FRESHNESS in only:
            log.print(f"{FRESHNESS}, freshness in the embedded cell")
            with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
                fresh = freshness.measure(
                    port_base, FRESHNESS_SECONDS_FOR_EACH * seconds, Path(folder)
                )
        dashboards = []
        if not only or DASHBOARD in only:
            log.print(f"{DASHBOARD}, the dashboard over a raw table that doubles")
            with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
                dashboards = dashboard.measure(port_base, Path(folder))
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
    verdicts = outcome.verdicts(figures)
    run = outcome.Run(outcome.machine(), count, seconds, figures, verdicts, fresh, dashboards)
    if outcome.is_disturbed(run):
        log.print("the machine was busy with something else: these figures mean little")
    if as_json:
        sys.stdout.write(msgspec.json.encode(run).decode() + "\n")
    else:
        report.show(run, Console(width=max(Console().width, TABLE_COLUMNS)))
    if page is not None:
        report.write(run, page)


if __name__ == "__main__":
    main()
