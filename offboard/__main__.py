"""`make offboard`: removes a partner from all cells of a deployment."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import httpx
import msgspec
from rich.console import Console

from functions import __version__
from functions.web import environment
from offboard import report
from offboard.cell import Cell
from offboard.settings import Settings
from verify.deployment import NothingDeployed
from verify.identity import identify
from verify.terraform import terraform_outputs

FAILED, GOES_ON = 1, 3
"""Exit codes. `FAILED`: a cell failed. `GOES_ON`: cells continue by themselves, or a legal hold
keeps data. The other codes are 0 (no cell has data of the partner any more) and 2 (click's code for
wrong usage)."""


class _Urls(msgspec.Struct):
    value: dict[str, str]


class _Outputs(msgspec.Struct):
    privacy_urls: _Urls


@click.command()
@click.version_option(__version__, prog_name="Watchers Warehouse")
@click.argument("partner")
@click.option(
    "--outputs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the output of `terraform output -json`; without it, the command runs"
    " Terraform.",
)
@click.option(
    "--within",
    default=1800.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds to wait for the certificates; after that, the cells continue by themselves.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the certificates.")
def main(partner: str, outputs: Path | None, within: float, *, yes: bool, as_json: bool) -> None:
    """Close PARTNER in every cell, delete its data, and print the state of each cell.

    The command first shows what it would delete, and asks for confirmation. You can run it again at
    any time. The exit code is 0 if no cell has data of the partner any more. It is 3 if cells
    continue by themselves, or a legal hold keeps data. It is 1 if a cell failed, if it is
    unknown whether a cell has closed the partner, or if the command stopped before it closed a
    cell.
    """
    people = Console(stderr=True)
    try:
        text = outputs.read_bytes() if outputs else terraform_outputs()
        urls = msgspec.json.decode(text, type=_Outputs).privacy_urls.value
    except NothingDeployed as error:
        raise click.ClickException(str(error)) from None
    except msgspec.DecodeError:
        raise click.ClickException("the outputs contain no privacy functions") from None
    headers = identify(environment.read(Settings, os.environ).identity_token)

    def tell(cell: str, what: str) -> None:
        people.print(f"{cell}: {what}", markup=False, highlight=False)

    cells = [Cell(name, url, headers, partner, tell) for name, url in sorted(urls.items())]
    with httpx.Client() as client:
        _each(cells, lambda cell: cell.plan(client))
        report.show_plan(cells, people)
        if not any(cell.state == "failed" for cell in cells):
            _confirm(partner, cells, yes=yes)
            until = time.monotonic() + within
            _each(cells, lambda cell: cell.leave(client, until))
            report.show_end(cells, people)
    if as_json:
        click.echo(report.as_json(partner, cells))
    raise SystemExit(_exit_code(cells))


def _each(cells: Sequence[Cell], act: Callable[[Cell], None]) -> None:
    """Act on all cells at the same time, so that all cells close the partner together."""
    with ThreadPoolExecutor(max(len(cells), 1)) as threads:
        list(threads.map(act, cells))


def _confirm(partner: str, cells: Sequence[Cell], *, yes: bool) -> None:
    if yes or not any(cell.state == "open" for cell in cells):
        return
    typed = click.prompt("This cannot be undone. Type the partner's name to continue", err=True)
    if typed != partner:
        raise click.ClickException("that is not the partner's name; no cell was closed")


def _exit_code(cells: Sequence[Cell]) -> int:
    states = {cell.state for cell in cells}
    if "failed" in states:
        return FAILED
    return 0 if states <= {"deleted", "nothing"} else GOES_ON


if __name__ == "__main__":
    main()
