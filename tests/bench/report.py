"""Shows a run: as a table, as JSON, as the results of docs/benchmarks.md."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.dashboard import ENDPOINT_MS
from tests.bench.outcome import Run
from tests.bench.partners import FEW, MANY, TOLERATED
from tests.bench.scale import FLAT, MILLION, is_flat
from tests.bench.variants import VARIANTS, Variant

Marks = tuple[str, str]

RESULTS: Marks = "<!-- results: begin (written by make bench) -->", "<!-- results: end -->"
SCALE: Marks = "<!-- scale: begin (written by make bench) -->", "<!-- scale: end -->"

HEADINGS = (
    "",
    "variant",
    "events/s",
    "per CPU-s",
    "µs/event",
    "above bare µs",
    "core busy",
    "by others",
    "p50 ms",
    "p99 ms",
    "p99 at half load ms",
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

PARTNERS_HEADINGS = (
    "",
    f"µs/event, {FEW} partners",
    f"µs/event, {MANY} partners",
    "pairs",
    "median ratio",
    f"within {TOLERATED:.0%}",
)

BAR_HEADINGS = ("ratio or difference", "figure", "measured", "bar", "")


def _rows(run: Run) -> Iterator[tuple[str, ...]]:
    for variant in VARIANTS:
        if (of := run.figures.get(variant.name)) is not None:
            yield (
                variant.name,
                variant.title,
                f"{of.events_per_second:,.0f}",
                f"{of.events_per_cpu_second:,.0f}",
                f"{of.cpu_microseconds:,.1f}",
                _above_bare(run, variant),
                f"{of.busy:.0%}",
                f"{of.others:.0%}",
                f"{of.p50_ms:.1f}",
                f"{of.p99_ms:.1f}",
                "" if of.half_load_p99_ms is None else f"{of.half_load_p99_ms:.1f}",
                f"{of.resident_mb:.0f}",
                f"{of.first_answer_seconds:.2f}",
            )


def _above_bare(run: Run, variant: Variant) -> str:
    bare = run.figures.get(variant.bare)
    if bare is None:
        return ""
    return f"{run.figures[variant.name].cpu_microseconds - bare.cpu_microseconds:,.1f}"


def _bar_rows(run: Run) -> Iterator[tuple[str, ...]]:
    for of in run.verdicts:
        yield (
            f"{of.of} {'-' if of.difference else '/'} {of.to}",
            of.figure.replace("_", " "),
            f"{of.value:.2f}",
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


def _partners_rows(run: Run) -> Iterator[tuple[str, ...]]:
    if (of := run.partners) is not None:
        yield (
            "m",
            f"{of.few_microseconds:.1f}",
            f"{of.many_microseconds:.1f}",
            str(of.pairs),
            f"{of.ratio:.3f}",
            "met" if of.holds else "missed",
        )


def _tables(run: Run) -> Iterator[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    for headings, rows in (
        (HEADINGS, _rows(run)),
        (FRESHNESS_HEADINGS, _freshness_rows(run)),
        (DASHBOARD_HEADINGS, _dashboard_rows(run)),
        (PARTNERS_HEADINGS, _partners_rows(run)),
        (BAR_HEADINGS, _bar_rows(run)),
        (_scale_headings(run) if run.scales else (), _scale_rows(run)),
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
    """Return a run as Markdown tables, without the scale run."""
    run = msgspec.structs.replace(run, scales=[])
    parts = [
        f"{_machine(run)}. Medians of {run.rounds} rounds of {run.seconds} s.",
        *(_table(headings, rows) for headings, rows in _tables(run)),
    ]
    return "\n\n".join(parts)


def _machine(run: Run) -> str:
    return "; ".join(f"{name} {value}" for name, value in run.machine.items())


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(run: Run, page: Path) -> None:
    """Put a run's tables between the marks of a page; the scale run has marks of its own.

    Raises:
        ValueError: the page lacks the marks.
    """
    text = page.read_text()
    if run.scales:
        text = _put(text, SCALE, scale_markdown(run))
    if run.figures:
        text = _put(text, RESULTS, markdown(run))
    page.write_text(text)


def _put(page: str, marks: Marks, content: str) -> str:
    before, begin, rest = page.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not begin or not end:
        raise ValueError(f"the page has no place for the results: {marks[0]}")
    return f"{before}{begin}\n{content}\n{end}{after}"


def scale_markdown(run: Run) -> str:
    """Return the scale run as Markdown."""
    filled = "; ".join(
        f"{scale.events / MILLION:g} million events in {scale.fill_seconds:.0f} s"
        for scale in run.scales
    )
    table = _table(_scale_headings(run), _scale_rows(run))
    return f"{_machine(run)}. The store was filled with {filled}.\n\n{table}"


def _scale_headings(run: Run) -> tuple[str, ...]:
    sizes = [f"{scale.events / MILLION:g} M" for scale in run.scales]
    rows, seconds = (f"{what}, {sizes[0]}" for what in ("rows read", "seconds"))
    return ("job", "statements", rows, *sizes[1:], "flat", seconds, *sizes[1:], "slowest statement")


def _scale_rows(run: Run) -> Iterator[tuple[str, ...]]:
    for jobs in zip(*(scale.jobs for scale in run.scales), strict=True):
        name, last = jobs[0].name, jobs[-1]
        verdict = "met" if is_flat(run.scales, name) else "missed"
        yield (
            name,
            str(last.statements),
            *(f"{job.rows:,}" for job in jobs),
            verdict if name in FLAT else "",
            *(f"{job.seconds:.1f}" for job in jobs),
            f"{last.slowest[0]}, {last.slowest[1]:.1f} s",
        )
