"""`make costs`: computes what a cell costs in a month."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from costs import bars, page
from costs.deployment import Cell, UnknownCell, read_cell
from costs.dollars import Line, bill, runs_a_month, total
from costs.figures import GB, figures, measure
from costs.jobs import JOBS
from costs.volume import Volume
from functions import __version__


@click.command()
@click.version_option(__version__, prog_name="Watchers Warehouse")
@click.option(
    "--events",
    default=100e6,
    show_default=True,
    type=click.FloatRange(min=1),
    help="Events a month, such as 100e6.",
)
@click.option(
    "--variables",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the variables of the deployment, such as terraform.tfvars.json.",
)
@click.option("--cell", "name", default="", help="The cell, if the variables have several.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--bars", "check", is_flag=True, help="Print which bars of bars.yaml do not fit.")
@click.option("--write", is_flag=True, help="Write docs/costs.md and the paragraph that cites it.")
def main(
    events: float, variables: Path | None, name: str, *, as_json: bool, check: bool, write: bool
) -> None:
    """Compute what a cell costs in a month, from its volume and its Terraform variables."""
    if check:
        _check()
    elif write:
        for path, content in page.render(figures()).items():
            (page.ROOT / path).write_text(content, "utf-8")
    else:
        cell = _cell(variables, name)
        volume = Volume(events, cell.retention_days)
        read = {job.name: measure(job, cell.retention_days).bytes(volume) for job in JOBS}
        lines = bill(volume, cell, read.__getitem__)
        (_print_json if as_json else _print)(volume, lines, read)


def _cell(variables: Path | None, name: str) -> Cell:
    if variables is None:
        return Cell()
    try:
        return read_cell(variables, name)
    except (UnknownCell, msgspec.DecodeError) as error:
        raise click.ClickException(f"{variables}: {error}") from None


def _check() -> None:
    found = bars.problems(bars.read_bars(), figures())
    for problem in found:
        click.echo(problem)
    if found:
        raise click.exceptions.Exit(1)


def _print(volume: Volume, lines: list[Line], read: dict[str, float]) -> None:
    console = Console()
    console.print(f"Dollars a month at {volume.events:,.0f} events")
    dollars = [(line.name, f"{line.usd:,.2f}") for line in lines]
    dollars.append(("all", f"{total(lines):,.2f}"))
    dollars.append(("a million events", f"{total(lines) / volume.events * 1e6:,.2f}"))
    console.print(_table(("", "dollars"), dollars))
    console.print("What jobs read")
    runs = runs_a_month(volume)
    console.print(
        _table(
            ("job", "GB", "runs a month"),
            [(name, f"{read[name] / GB:,.2f}", f"{runs.get(name, 0):,.0f}") for name in read],
        )
    )


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    made = Table()
    for place, column in enumerate(header):
        made.add_column(column, justify="right" if place else "left")
    for row in rows:
        made.add_row(*row)
    return made


def _print_json(volume: Volume, lines: list[Line], read: dict[str, float]) -> None:
    runs: Callable[[str], Any] = runs_a_month(volume).get
    click.echo(
        json.dumps(
            {
                "events": volume.events,
                "dollars": {line.name: round(line.usd, 4) for line in lines},
                "total": round(total(lines), 4),
                "jobs": {
                    name: {"bytes": round(number), "runs_a_month": runs(name) or 0}
                    for name, number in read.items()
                },
            }
        )
    )


if __name__ == "__main__":
    main()
