"""The embedded cell's commands: `python -m local COMMAND`."""

import asyncio
import json
import os
import secrets
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console

from functions import __version__
from functions.warehouse.schema import RETENTION_DAYS
from local import up as cell_up
from local.cell import DEFAULT_PORT_BASE, Cell, find
from local.children import ChildDied, SlowStart, taken_ports, watch

port_base_option = click.option(
    "--port-base",
    default=DEFAULT_PORT_BASE,
    show_default=True,
    type=click.IntRange(1024, 65_000),
    help="The first of the cell's ports.",
)
data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for tables, objects and secrets; without it, they are kept in memory.",
)
AT_LEAST_ONE = click.IntRange(min=1)
events_option = click.option(
    "--events", type=AT_LEAST_ONE, default=3000, show_default=True, help="The number of webhooks."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
@click.version_option(__version__, prog_name="Watchers Warehouse")
def main() -> None:
    """Run, fill and query a cell on this machine."""


def _state(port_base: int) -> Path:
    """Return the file that tells other commands about a running cell; only the user may read it."""
    folder = Path(tempfile.gettempdir()) / f"watchers-warehouse-{os.getuid()}"
    return folder / f"{port_base}.json"


def _running_cell(port_base: int) -> Cell:
    cell = find(_state(port_base))
    # A cell that was killed leaves its file behind, so its first port is checked as well.
    if cell is None or not taken_ports([cell.port_base]):
        raise click.ClickException(
            f"no cell runs at port base {port_base}; start one with: python -m local up"
        )
    return cell


def _keep_up(
    port_base: int, data_dir: Path | None, when_ready: Callable[[Cell], Awaitable[None]]
) -> None:
    """Run a cell until a signal comes or a part of it dies."""

    async def run() -> None:
        cell_up.stop_on_signals()
        async with cell_up.running(port_base, data_dir, _state(port_base)) as (cell, started):
            watching = asyncio.create_task(watch(started))
            await when_ready(cell)
            await watching

    try:
        asyncio.run(run())
    except asyncio.CancelledError:
        click.echo("stopped", err=True)
    except (cell_up.PortTaken, ChildDied, SlowStart) as error:
        raise click.ClickException(str(error)) from None
    except TimeoutError:
        raise click.ClickException(
            "not all events reached BigQuery within a minute; run the command again"
        ) from None


@main.command()
@data_dir_option
@port_base_option
@json_option
def up(data_dir: Path | None, port_base: int, *, as_json: bool) -> None:
    """Start a cell on 127.0.0.1, and keep it running until Ctrl-C."""

    async def announce(cell: Cell) -> None:
        description = cell.describe()
        if as_json:
            print(json.dumps(description), flush=True)
            return
        for name in ("events_url", "rooms_url", "dashboard", "bigquery"):
            click.echo(f"{name:<12}{description[name]}")
        click.echo("The cell is up; Ctrl-C stops it.")

    _keep_up(port_base, data_dir, announce)


@main.command()
@events_option
@click.option(
    "--users", type=AT_LEAST_ONE, default=150, show_default=True, help="The number of people."
)
@click.option(
    "--days",
    type=click.IntRange(1, RETENTION_DAYS),
    default=30,
    show_default=True,
    help="The number of days, including today.",
)
@click.option("--seed", type=int, help="The seed of earlier traffic, to send that traffic again.")
@click.option(
    "--rate", type=click.FloatRange(0, min_open=True), help="The maximum webhooks per second."
)
@click.option(
    "--record",
    type=click.File("w", encoding="utf-8", lazy=False),
    help="Write each webhook and its answer to this file, as one line of JSON.",
)
@port_base_option
@json_option
def simulate(
    events: int,
    users: int,
    days: int,
    seed: int | None,
    rate: float | None,
    record: TextIO | None,
    port_base: int,
    *,
    as_json: bool,
) -> None:
    """Send realistic traffic.

    Events of today are sent as webhooks. Events of earlier days are published to the topic, with
    the time at which they would have been received.
    """
    from local import simulate as simulation  # noqa: PLC0415 - the clients are slow to import

    cell = _running_cell(port_base)
    console = Console(stderr=True)
    if seed is None:
        seed = secrets.randbelow(simulation.SEEDS)
        console.print(f"The seed is {seed}. To send this traffic again, use --seed {seed}.")
    plan = simulation.plan(events=events, users=users, days=days, seed=seed, now=datetime.now(UTC))
    sent, summary = asyncio.run(simulation.run(cell, plan, rate=rate, console=console))
    if record:
        record.writelines(f"{request.line()}\n" for request in sent)
    if as_json:
        click.echo(json.dumps(asdict(summary) | {"events_per_second": summary.events_per_second}))
    else:
        click.echo(str(summary))
    if summary.refused:
        raise SystemExit(1)


@main.command()
@click.argument("sql")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@port_base_option
def query(sql: str, port_base: int, *, as_json: bool, as_csv: bool) -> None:
    """Run a GoogleSQL query on the BI dataset."""
    from google.api_core.exceptions import GoogleAPICallError  # noqa: PLC0415 - slow to import

    from local import query as queries  # noqa: PLC0415

    cell = _running_cell(port_base)
    try:
        result = queries.run(cell, sql)
    except queries.NotAQuery as refusal:
        raise click.ClickException(str(refusal)) from None
    except GoogleAPICallError as error:
        raise click.ClickException(error.message or str(error)) from None
    columns = [field.name for field in result.schema]
    if as_json:
        click.echo(queries.as_json(result))
    elif as_csv:
        click.echo(queries.as_csv(columns, result), nl=False)
    else:
        queries.show(columns, map(tuple, result))


@main.command()
@data_dir_option
@port_base_option
@events_option
def run(data_dir: Path | None, port_base: int, events: int) -> None:
    """Start a cell, send 30 days of traffic, show the numbers, and keep running until Ctrl-C."""
    console = Console()

    async def demonstrate(cell: Cell) -> None:
        from local import demonstration  # noqa: PLC0415 - slow to import

        await demonstration.show(cell, events, console)

    _keep_up(port_base, data_dir, demonstrate)


if __name__ == "__main__":
    main()
