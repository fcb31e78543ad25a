"""Wires the operations that tell what is held of whom, where, and for how long."""

from functools import partial

import msgspec

from functions.events.catalogue import load_catalogue
from functions.events.layout import Layouts
from functions.google.storage import Bucket, Objects, open_bucket
from functions.google.subscription import Subscription
from functions.locations.check import Google
from functions.locations.parts import Endpoints, Parts
from functions.privacy.exports.endpoint import Deployment, Exports, Sources
from functions.privacy.exports.retained import SetAside
from functions.privacy.exports.tables import Tables
from functions.privacy.offboarding.events_on_hold import HeldEvents
from functions.privacy.reports.lookups import Lookups
from functions.privacy.reports.residency import Promise, Residency
from functions.privacy.reports.retention import Retention
from functions.privacy.requests.context import Surroundings
from functions.privacy.requests.router import Route
from functions.privacy.settings import Settings


def retention_of(given: Surroundings, settings: Settings, held_events: HeldEvents) -> Retention:
    """Wire the check of what is kept for how long.

    Args:
        given: what the operations work with.
        settings: where everything is.
        held_events: tells what legal holds do not keep any more.
    """
    return Retention(
        given.statements,
        _objects(settings),
        held_events.overdue,
        now=given.now,
        retention_days=settings.retention_days,
    )


def disclosure_routes(given: Surroundings, settings: Settings, retention: Retention) -> list[Route]:
    """Return the routes.

    Args:
        given: what the operations work with.
        settings: where everything is.
        retention: checks what is kept for how long.

    Raises:
        ValueError: the setting ``PARTS`` is malformed.
    """
    residency = Residency(
        _promise(settings),
        cell=settings.cell,
        receipts=given.receipts,
        now=given.now,
        new_id=given.new_id,
    )
    return [
        Route("POST", "/exports", _exports(given, settings).make),
        Route("POST", "/lookups", Lookups(given).ask),
        Route("POST", "/residency", residency.ask),
        Route("GET", "/retention", retention.ask),
    ]


def _exports(given: Surroundings, settings: Settings) -> Exports:
    objects = _objects(settings)
    dead_letters = Subscription(settings.pubsub_endpoint, settings.dead_letter_subscription)
    return Exports(
        given,
        Sources(
            Tables(given.statements, settings.retention_days),
            SetAside(objects, dead_letters, Layouts(load_catalogue())),
        ),
        Bucket(settings.storage_endpoint, settings.gcp_project, settings.bucket),
        objects,
        Deployment(settings.bucket, settings.location, settings.retention_days),
        seconds=settings.work_seconds,
    )


def _objects(settings: Settings) -> Objects:
    return Objects(
        partial(open_bucket, settings.storage_endpoint, settings.gcp_project, settings.bucket),
        settings.storage_deadline_seconds,
    )


def _promise(settings: Settings) -> Promise:
    endpoints = Endpoints(
        settings.bigquery_endpoint,
        settings.pubsub_endpoint,
        settings.storage_endpoint,
        settings.secrets_endpoint,
    )
    try:
        parts = msgspec.json.decode(settings.parts, type=Parts)
    except msgspec.DecodeError as error:
        raise ValueError(
            f"setting PARTS is not a valid list of the cell's parts: {error}"
        ) from None
    google = partial(Google, endpoints, settings.gcp_project)
    return Promise(google, parts, settings.location, gdpr=settings.gdpr)
