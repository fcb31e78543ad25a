"""Wires the operations that tell what is held of whom, where, and for how long."""

from functools import partial

import msgspec

from functions.locations.check import Google
from functions.locations.parts import Endpoints, Parts
from functions.privacy.erasure_routes import Surroundings
from functions.privacy.lookups import Lookups
from functions.privacy.residency import Promise, Residency
from functions.privacy.routes import Route
from functions.privacy.settings import Settings


def disclosure_routes(given: Surroundings, settings: Settings) -> list[Route]:
    """Return the routes.

    Raises:
        ValueError: the setting ``PARTS`` is malformed.
    """
    lookups = Lookups(
        given.statements,
        given.receipts,
        given.keys,
        given.partner_of,
        now=given.now,
        new_id=given.new_id,
    )
    residency = Residency(
        _promise(settings),
        cell=settings.cell,
        receipts=given.receipts,
        now=given.now,
        new_id=given.new_id,
    )
    return [
        Route("POST", "/lookups", lookups.ask),
        Route("POST", "/residency", residency.ask),
    ]


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
        raise ValueError(f"setting PARTS is not what has a location: {error}") from None
    google = partial(Google, endpoints, settings.gcp_project)
    return Promise(google, parts, settings.location, gdpr=settings.gdpr)
