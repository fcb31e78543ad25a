"""`make verify`: checks that a deployment works, and that it matches the outputs of Terraform."""

import os
from collections.abc import Iterator
from pathlib import Path

import click
import httpx
import msgspec
from google.auth.exceptions import DefaultCredentialsError
from rich.console import Console

from functions import __version__
from functions.warehouse.client import open_client
from functions.warehouse.schema import list_views
from functions.web import environment
from verify import report
from verify.callers import check_jobs, check_subscriptions
from verify.deployment import Cell, NothingDeployed, read
from verify.finding import Finding, all_hold
from verify.identity import Headers, identify
from verify.places import check_places
from verify.private import check_functions
from verify.rows import check_rows
from verify.settings import Settings
from verify.statements import check_statements
from verify.terraform import terraform_outputs
from verify.views import check_views
from verify.webhooks import check_urls, check_wrong_token


@click.command()
@click.version_option(__version__, prog_name="Watchers Warehouse")
@click.option(
    "--outputs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the output of `terraform output -json`; without it, the command runs"
    " Terraform.",
)
@click.option(
    "--tokens",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='A file {"PARTNER": "TOKEN"} with the tokens of partners who made their own.',
)
@click.option(
    "--within",
    default=120.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds in which the test events of a cell must be stored as rows.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(outputs: Path | None, tokens: Path | None, within: float, *, as_json: bool) -> None:
    """Check each cell: send test events, and ask Google about its resources and queries.

    For one partner of each cell, two events are stored. Nothing else is changed. The exit code is 0
    only if every check holds; a check that could not be made does not hold.
    """
    try:
        given = environment.read(Settings, os.environ)
        cells = read(
            outputs.read_bytes() if outputs else terraform_outputs(),
            _read_tokens(tokens) if tokens else {},
            given,
        )
        headers = identify(given.identity_token)
        findings = [finding for cell in cells for finding in check(cell, within, headers)]
    except NothingDeployed as error:
        raise click.ClickException(str(error)) from None
    except DefaultCredentialsError:
        raise click.ClickException(
            "there are no credentials; run: gcloud auth application-default login"
        ) from None
    if as_json:
        click.echo(report.as_json(findings))
    else:
        report.show(findings, Console())
    if not all_hold(findings):
        raise SystemExit(1)


def check(cell: Cell, within: float, headers: Headers) -> Iterator[Finding]:
    """Run all checks of one cell.

    Args:
        cell: the cell.
        within: the seconds in which the test events must be stored as rows.
        headers: returns the headers that identify the operator to a private function.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: there are no credentials.
    """
    bigquery = open_client(cell.endpoints.bigquery, cell.project_id, cell.region)
    expected = [view.name for view in list_views()]
    with httpx.Client() as http:
        yield from check_urls(http, cell)
        yield check_wrong_token(http, cell)
        yield from check_rows(http, bigquery, cell, within)
        yield from check_functions(http, cell, headers)
    yield from check_subscriptions(cell)
    yield from check_jobs(cell)
    yield from check_places(cell)
    for dataset in (cell.datasets.bi, *cell.datasets.partners.values()):
        yield from check_views(bigquery, cell, dataset, expected)
    yield from check_statements(bigquery, cell)


def _read_tokens(file: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except msgspec.DecodeError:
        # The error must not quote the file, because it contains tokens.
        raise click.BadParameter('the file must be JSON: {"PARTNER": "TOKEN"}') from None


if __name__ == "__main__":
    main()
