"""The privacy function's wiring."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

import uuid_utils
from starlette.types import ASGIApp

from functions.acceptance.partners import PartnersFile
from functions.events.catalogue import load_catalogue
from functions.events.layout import Layouts
from functions.privacy.offboarding.closed_partners import HeldPeople
from functions.privacy.records.receipts import Receipts
from functions.privacy.requests.caller import Callers
from functions.privacy.requests.context import Surroundings
from functions.privacy.requests.owners import Owners
from functions.privacy.requests.router import Route, Router
from functions.privacy.settings import Settings
from functions.privacy.sweep.endpoint import Sweeping
from functions.privacy.sweep.job import Sweep
from functions.privacy.sweep.open_days import OpenDays
from functions.privacy.wiring.disclosure import disclosure_routes, retention_of
from functions.privacy.wiring.erasures import erasure_routes
from functions.privacy.wiring.offboarding import held_events, offboarding_routes, offboardings
from functions.privacy.wiring.sweep import places
from functions.secrets.closed_partners import ClosedFile
from functions.secrets.permissions import read_permissions
from functions.secrets.pseudonym_keys import load_keys
from functions.warehouse.client import open_client
from functions.warehouse.schema import Warehouse, dataset_name, with_covered
from functions.warehouse.statements import Limits, Statements
from functions.web.entry import answering
from functions.web.environment import read


def create(environ: Mapping[str, str]) -> ASGIApp:
    """Create the function; call it inside the running event loop.

    Raises:
        ValueError: a setting is missing or malformed.
    """
    settings = read(Settings, environ)
    now = partial(datetime.now, UTC)
    changes = asyncio.Semaphore(settings.changes_at_a_time)
    limits = Limits(changes, settings.statement_bytes, stops=False)
    statements = _statements(settings, "privacy", limits)
    receipts = Receipts(statements, now)
    keys = load_keys(settings.pseudonym_keys)
    partners = PartnersFile(settings.partners_file)
    given = Surroundings(statements, receipts, keys, Owners(statements).of, now, new_id)
    sweep = Sweep(
        statements,
        receipts,
        OpenDays(_statements(settings, "operate", limits), now),
        places(settings, keys, now),
        now=now,
        clock=time.monotonic,
        seconds=settings.work_seconds,
        retention_days=settings.retention_days,
    )
    people = HeldPeople(statements, keys, Layouts(load_catalogue()))
    held = held_events(settings, people)
    leaving = offboardings(settings, given, partners, people, held)
    retention = retention_of(given, settings, held)
    routes = [
        *erasure_routes(given, sweep, ClosedFile(settings.closed_file).current),
        *disclosure_routes(given, settings, retention),
        *offboarding_routes(leaving),
        Route("POST", "/sweep", Sweeping(sweep, leaving, retention, now).post),
    ]
    callers = Callers(
        partial(read_permissions, settings.callers_file),
        settings.scheduler_account,
        settings.push_account,
    )
    return answering(Router(callers, routes).answer)


def _statements(settings: Settings, folder: str, limits: Limits) -> Statements:
    warehouse = Warehouse(
        dataset_name(settings.store_dataset),
        dataset_name(settings.bi_dataset),
        retention_days=settings.retention_days,
    )
    return Statements(
        folder,
        partial(open_client, settings.bigquery_endpoint, settings.gcp_project, settings.location),
        with_covered(warehouse.variables()),
        service="privacy",
        seconds=settings.statement_seconds,
        limits=limits,
    )


def new_id() -> str:
    """Return a fresh id, a UUIDv7: ids are in the order of time."""
    return str(uuid_utils.uuid7())
