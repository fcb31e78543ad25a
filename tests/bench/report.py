"""Shows a run: as a table, as JSON, as the results of docs/benchmarks.md."""

import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.freshness import Freshness
from tests.bench.measure import Figures
from tests.bench.variants import BARS, VARIANTS, Bar

PACKAGES = (
    "functions-framework",
    "google-cloud-bigquery-storage",
    "google-cloud-pubsub",
    "grpcio",
    "gunicorn",
    "httptools",
    "starlette",
    "uvicorn",
    "uvloop",
)

BEGIN, END = "<!-- results: begin (written by make bench) -->", "<!-- results: end -->"

HEADINGS = (
    "",
    "variant",
    "events/s",
    "per CPU-s",
    "CPU-s/million",
    "core busy",
    "by others",
    "p50 ms",
    "p99 ms",
    "RSS MB",
    "start s",
)
TOLERATED = 0.05
"""The share of the function's core that others may take in a run that means something."""

FRESHNESS_HEADINGS = (
    "",
    "embedded cell",
    "events",
    "events/s",
    "p50 ms",
    "p99 ms",
    "max ms",
)

BAR_HEADINGS = ("ratio", "figure", "measured", "bar", "")


class Verdict(msgspec.Struct, frozen=True):
    """A bar and what was measured.

    Attributes:
        of: the variant above the line.
        to: the variant below the line.
        figure: what is compared.
        ratio: measured.
        bound: the bar.
        at_most: whether the bar is an upper one.
        holds: whether it is met.
    """

    of: str
    to: str
    figure: str
    ratio: float
    bound: float
    at_most: bool
    holds: bool


class Run(msgspec.Struct, frozen=True):
    """A run's outcome.

    Attributes:
        machine: what it ran on, and the versions.
        rounds: how many.
        seconds: of load for each variant and round.
        figures: the medians by variant.
        verdicts: on the bars whose two variants ran.
        freshness: in the embedded cell; None where it was not measured.
    """

    machine: dict[str, str]
    rounds: int
    seconds: int
    figures: dict[str, Figures]
    verdicts: list[Verdict]
    freshness: Freshness | None = None


def verdicts(figures: Mapping[str, Figures]) -> list[Verdict]:
    """Compare the medians with the bars."""
    return [_verdict(bar, figures) for bar in BARS if {bar.of, bar.to} <= figures.keys()]


def _verdict(bar: Bar, figures: Mapping[str, Figures]) -> Verdict:
    ratio: float = getattr(figures[bar.of], bar.figure) / getattr(figures[bar.to], bar.figure)
    return Verdict(bar.of, bar.to, bar.figure, ratio, bar.bound, bar.at_most, bar.holds(ratio))


def machine() -> dict[str, str]:
    """Describe this machine and the versions in use."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2] for line in lines if line.startswith("model name")), "")
    return {
        "processor": f"{model.strip() or platform.machine()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
    } | {name: version(name) for name in PACKAGES}


def _rows(run: Run) -> Iterator[tuple[str, ...]]:
    for variant in VARIANTS:
        if (of := run.figures.get(variant.name)) is not None:
            yield (
                variant.name,
                variant.title,
                f"{of.events_per_second:,.0f}",
                f"{of.events_per_cpu_second:,.0f}",
                f"{of.cpu_seconds_per_million:,.1f}",
                f"{of.busy:.0%}",
                f"{of.others:.0%}",
                f"{of.p50_ms:.1f}",
                f"{of.p99_ms:.1f}",
                f"{of.resident_mb:.0f}",
                f"{of.first_answer_seconds:.2f}",
            )


def _bar_rows(run: Run) -> Iterator[tuple[str, ...]]:
    for of in run.verdicts:
        yield (
            f"{of.of} / {of.to}",
            of.figure.replace("_", " "),
            f"{of.ratio:.2f}",
            f"{'at most' if of.at_most else 'at least'} {of.bound:g}",
            "met" if of.holds else "missed",
        )


def _freshness_rows(run: Run) -> Iterator[tuple[str, ...]]:
    if (of := run.freshness) is not None:
        yield (
            "j",
            "from receipt to storage",
            f"{of.events:,}",
            f"{of.per_second:.0f}",
            f"{of.p50_ms:.1f}",
            f"{of.p99_ms:.1f}",
            f"{of.max_ms:.1f}",
        )


def _tables(run: Run) -> Iterator[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    for headings, rows in (
        (HEADINGS, _rows(run)),
        (FRESHNESS_HEADINGS, _freshness_rows(run)),
        (BAR_HEADINGS, _bar_rows(run)),
    ):
        if found := list(rows):
            yield headings, found


def is_disturbed(run: Run) -> bool:
    """Tell whether others took more of the function's core than a little."""
    return any(of.others > TOLERATED for of in run.figures.values())


def show(run: Run, console: Console) -> None:
    """Print a run as tables."""
    for headings, rows in _tables(run):
        table = Table(*headings, box=box.SIMPLE)
        for row in rows:
            table.add_row(*row)
        console.print(table)


def markdown(run: Run) -> str:
    """Return a run as Markdown tables."""
    described = "; ".join(f"{name} {value}" for name, value in run.machine.items())
    parts = [
        f"{described}. Medians of {run.rounds} rounds of {run.seconds} s.",
        *(_table(headings, rows) for headings, rows in _tables(run)),
    ]
    return "\n\n".join(parts)


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(run: Run, page: Path) -> None:
    """Put a run's tables between the marks of a page.

    Raises:
        ValueError: the page lacks the marks.
    """
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for the results")
    page.write_text(f"{before}{begin}\n{markdown(run)}\n{end}{after}")
