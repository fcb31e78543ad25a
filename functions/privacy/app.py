"""The privacy function's wiring."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from functions.bigquery import open_client
from functions.entry import Handler
from functions.permissions import read_permissions
from functions.privacy.caller import Callers
from functions.privacy.receipts import Receipts
from functions.privacy.routes import Route, Router
from functions.privacy.settings import Settings
from functions.settings import read
from functions.statements import Statements
from functions.warehouse import Warehouse, dataset_name


def create(environ: Mapping[str, str]) -> Handler:
    """Create the function; call it inside the running event loop.

    Raises:
        ValueError: a setting is missing or malformed.
    """
    settings = read(Settings, environ)
    receipts = Receipts(_statements(settings), partial(datetime.now, UTC))
    routes: list[Route] = _routes(receipts)
    callers = Callers(
        partial(read_permissions, settings.callers_file),
        settings.scheduler_account,
        settings.push_account,
    )
    return Router(callers, routes).answer


def _statements(settings: Settings) -> Statements:
    warehouse = Warehouse(
        dataset_name(settings.store_dataset),
        dataset_name(settings.bi_dataset),
        retention_days=settings.retention_days,
    )
    return Statements(
        "privacy",
        partial(open_client, settings.bigquery_endpoint, settings.gcp_project, settings.location),
        warehouse.variables(),
        seconds=settings.statement_seconds,
    )


def _routes(receipts: Receipts) -> list[Route]:
    del receipts
    return []
