"""Shows a run: as a table, as JSON, as the results of docs/benchmarks.md."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.dashboard import ENDPOINT_MS
from tests.bench.outcome import Run
from tests.bench.variants import VARIANTS

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
FRESHNESS_HEADINGS = (
    "",
    "embedded cell",
    "events",
    "events/s",
    "p50 ms",
    "p99 ms",
    "max ms",
)

DASHBOARD_HEADINGS = (
    "",
    "events stored",
    "rollup rows read",
    "refresh of all days s",
    "data p50 ms",
    "data max ms",
    "page ms",
    f"data under {ENDPOINT_MS:,} ms",
)

BAR_HEADINGS = ("ratio", "figure", "measured", "bar", "")


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


def _dashboard_rows(run: Run) -> Iterator[tuple[str, ...]]:
    for of in run.dashboards:
        yield (
            "l",
            f"{of.events:,}",
            f"{of.rollup_rows:,}",
            f"{of.refresh_seconds:.1f}",
            f"{of.endpoint_p50_ms:.0f}",
            f"{of.endpoint_max_ms:.0f}",
            f"{of.page_ms:.0f}",
            "met" if of.holds else "missed",
        )


def _tables(run: Run) -> Iterator[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    for headings, rows in (
        (HEADINGS, _rows(run)),
        (FRESHNESS_HEADINGS, _freshness_rows(run)),
        (DASHBOARD_HEADINGS, _dashboard_rows(run)),
        (BAR_HEADINGS, _bar_rows(run)),
    ):
        if found := list(rows):
            yield headings, found


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
