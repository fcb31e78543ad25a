"""Writes the generated parts of docs/costs.md and the paragraph on costs in terraform/README.md."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

from costs.bars import Group, read_bars
from costs.deployment import Cell
from costs.dollars import QUERIES, TIB, Line, background, bill, prices, runs_a_month, total
from costs.figures import GB, VOLUMES, Figures
from costs.volume import Volume
from generate.markdown import table
from generate.parts import fill

ROOT = Path(__file__).parents[1]
COSTS, README = "docs/costs.md", "terraform/README.md"

NAMES = ("1 M", "100 M", "10 B")
"""The names of `VOLUMES` in the generated tables."""

Bill = tuple[Volume, list[Line]]


def render(figures: Figures) -> dict[str, str]:
    """Return the content of each page that has generated parts, by the page's path."""
    bills = [
        (Volume(events), bill(Volume(events), Cell(), _at(figures, place)))
        for place, events in enumerate(VOLUMES)
    ]
    parts = {
        COSTS: {
            "jobs": _jobs(figures),
            "views": _views(figures),
            "jobs in a row": _in_a_row(figures),
            "dollars": dollars(bills),
            "prices": _prices(),
        },
        README: {"costs": _paragraph(bills)},
    }
    return {
        path: fill(path, (ROOT / path).read_text("utf-8"), given) for path, given in parts.items()
    }


def _at(figures: Figures, place: int) -> Callable[[str], float]:
    return lambda job: figures.jobs[job][place] * GB


def _jobs(figures: Figures) -> str:
    runs = runs_a_month(Volume(VOLUMES[1]))
    usd = prices()[QUERIES].usd * GB / TIB
    header = ("job", *(f"GB at {name}" for name in NAMES))
    return table(
        (*header, "goal at 100 M", "runs a month at 100 M", "dollars a month at 100 M"),
        (
            (
                name,
                *map(number, figure),
                _goal(name),
                number(runs[name]) if name in runs else "",
                number(runs[name] * figure[1] * usd) if name in runs else "",
            )
            for name, figure in figures.jobs.items()
        ),
    )


def _goal(name: str) -> str:
    groups: Sequence[Group] = read_bars().jobs
    [goal] = [group.goal for group in groups if name in group.bars]
    return "" if goal is None else number(goal)


def _views(figures: Figures) -> str:
    return table(
        ("`SELECT *` of", *(f"GB at {name}" for name in NAMES)),
        ((name, *map(number, figure)) for name, figure in figures.views.items()),
    )


def _in_a_row(figures: Figures) -> str:
    goals = {name: group.goal for group in read_bars().in_a_row for name in group.bars}
    return table(
        ("job", "BigQuery jobs in a row", "goal"),
        (
            (name, number(*figure), "" if goals[name] is None else number(goals[name] or 0))
            for name, figure in figures.in_a_row.items()
        ),
    )


def dollars(bills: Sequence[Bill]) -> str:
    """Return a table of bills, with one column for each."""
    names = [line.name for line in bills[0][1]]
    rows = [
        (name, *(number(lines[place].usd) for _, lines in bills))
        for place, name in enumerate(names)
    ]
    rows.append(("**all**", *(f"**{number(total(lines))}**" for _, lines in bills)))
    rows.append(
        (
            "a million events",
            *(number(total(lines) / volume.events * 1e6) for volume, lines in bills),
        )
    )
    return table(
        ("dollars a month", *(f"{volume.events / 1e6:,.0f} million events" for volume, _ in bills)),
        rows,
    )


def _prices() -> str:
    return table(
        ("what", "dollars", "unit", "free each month", "source", "seen"),
        (
            (
                name,
                f"{price.usd:.7f}".rstrip("0").rstrip("."),
                price.unit,
                f"{price.free:,g}" if price.free else "",
                f"[{price.source.split('/', 3)[3]}]({price.source})",
                price.seen,
            )
            for name, price in prices().items()
        ),
    )


def _paragraph(bills: Sequence[Bill]) -> str:
    per_million = [
        (total(lines) - background(lines)) / volume.events * 1e6 for volume, lines in bills
    ]
    queries = [background(lines) for _, lines in bills]
    fixed = bill(Volume(0), Cell(), lambda _job: 0)
    text = (
        f"A cell without traffic costs about ${number(total(fixed))} a month. With traffic,"
        f" receiving, loading and storing cost about ${number(per_million[1])} for each million"
        f" events at 100 million a month, and ${number(per_million[2])} at 10,000 million. The"
        f" queries of the background and of the dashboard come on top: ${number(queries[0])} a"
        f" month at 1 million events, ${number(queries[1])} at 100 million, and"
        f" ${number(queries[2])} at 10,000 million. These are Google's list prices. [The page on"
        f" costs](../docs/costs.md) has each part, and says how to compute them for your volume."
    )
    return textwrap.fill(text, 98, break_long_words=False, break_on_hyphens=False) + "\n"


def number(value: float) -> str:
    """Return a number with two or three significant digits, for people."""
    if value >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}" if value >= 1 else f"{value:.2g}"
