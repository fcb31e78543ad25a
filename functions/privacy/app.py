"""Creates the objects of the privacy function, and connects them to its routes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import uuid_utils
from starlette.types import ASGIApp

from functions.acceptance.partners import PartnersFile
from functions.events.catalogue import load_catalogue
from functions.events.layout import Layouts
from functions.google.grpc_channel import open_channel
from functions.google.secret_manager import Secret
from functions.google.storage import Bucket, CloudStorage, open_bucket
from functions.google.subscription import Subscription
from functions.google.topic import Publisher, Topic
from functions.locations.check import Google
from functions.locations.parts import Endpoints, Parts
from functions.privacy.deadline import Deadline
from functions.privacy.erasures.deletions import Deletions
from functions.privacy.erasures.endpoint import Erasures, Executor
from functions.privacy.erasures.execution import REWRITES
from functions.privacy.erasures.filing import Filing
from functions.privacy.erasures.preview import Preview
from functions.privacy.erasures.redaction import Redaction
from functions.privacy.erasures.restoration import Restoring
from functions.privacy.erasures.stream import Stream
from functions.privacy.erasures.unfiled import Unfiled
from functions.privacy.exports.endpoint import Deployment, Exports, Sources
from functions.privacy.exports.retained import RetainedEvents
from functions.privacy.exports.storage import ExportedCopies
from functions.privacy.exports.tables import Tables
from functions.privacy.holds import Holds
from functions.privacy.offboarding.closed_list import ClosedSecret
from functions.privacy.offboarding.closed_partners import PeopleOnHold
from functions.privacy.offboarding.dead_letters import ClosedPartnerLetters
from functions.privacy.offboarding.deletion import Offboarding
from functions.privacy.offboarding.endpoint import Offboardings
from functions.privacy.offboarding.events_on_hold import EventsOnHold
from functions.privacy.offboarding.plan import Confirmations, Plan
from functions.privacy.offboarding.progress import OffboardingProgress
from functions.privacy.offboarding.record import Records
from functions.privacy.offboarding.storage import ClosedPartnerObjects
from functions.privacy.records.erasure_log import ErasureLog
from functions.privacy.records.receipts import Receipts
from functions.privacy.reports.lookups import Lookups
from functions.privacy.reports.residency import Promise, Residency
from functions.privacy.reports.retention import Retention
from functions.privacy.requests.caller import Callers
from functions.privacy.requests.context import Context
from functions.privacy.requests.owners import Owners
from functions.privacy.requests.request import PrivacyRequest, serve
from functions.privacy.settings import Settings
from functions.privacy.sweep.dead_letters import DeadLetterRewriter
from functions.privacy.sweep.endpoint import SweepEndpoint
from functions.privacy.sweep.job import Sweep
from functions.privacy.sweep.open_days import OpenDays
from functions.privacy.sweep.search import Search
from functions.privacy.sweep.storage import ObjectRewriter, UnreadableObjects
from functions.retained import quarantine
from functions.retained.quarantine import Quarantine
from functions.secrets.closed_partners import ClosedFile, ClosedList
from functions.secrets.permissions import read_permissions
from functions.secrets.pseudonym_keys import PseudonymKeys, load_keys
from functions.warehouse.client import open_client
from functions.warehouse.ledger import Ledger
from functions.warehouse.schema import Warehouse, dataset_name
from functions.warehouse.statements import Limits, Reservation, Statements
from functions.web.environment import read
from functions.web.routes import Route

COUNT_SHARE = 1 / 3
"""The share of a request's time that counting the people of past days may take before an erasure.
Counting the people of today may take as much, so at least a third is left for the erasure."""


def wire_rewriters(
    settings: Settings, keys: PseudonymKeys, now: Callable[[], datetime]
) -> tuple[ObjectRewriter, DeadLetterRewriter, ExportedCopies, UnreadableObjects]:
    """Return the rewriters of a sweep, in the order in which the sweep runs them.

    They remove erased people from the objects of the bucket and from dead letters, and they move
    unreadable data to quarantine. Objects come before dead letters, because a replay during the
    sweep can turn events of an object into dead letters. Call this function inside the running
    event loop.

    Args:
        settings: the function's settings.
        keys: the cell's pseudonym keys.
        now: returns the current time (timezone-aware).
    """
    redaction = partial(Redaction, keys=keys, layouts=Layouts(load_catalogue()))
    bucket = partial(open_bucket, settings.storage_endpoint, settings.gcp_project, settings.bucket)
    topic = Topic(partial(open_channel, settings.pubsub_endpoint), settings.dead_letter_topic)
    objects = CloudStorage(bucket, settings.storage_deadline_seconds)
    stored = ObjectRewriter(objects, redaction)
    return (
        stored,
        DeadLetterRewriter(
            Subscription(settings.pubsub_endpoint, settings.dead_letter_subscription),
            Publisher(topic, settings.publish_deadline_seconds).publish,
            partial(objects.write, content_type=quarantine.CONTENT_TYPE, over=0),
            redaction,
            now,
        ),
        ExportedCopies(objects),
        UnreadableObjects(objects, stored, now),
    )


def wire_retention(context: Context, settings: Settings, events_on_hold: EventsOnHold) -> Retention:
    """Return the object that checks whether data is kept for longer than promised.

    Args:
        context: the statements, keys and clock that all operations share.
        settings: the function's settings.
        events_on_hold: finds events below ``on_hold/`` whose legal hold is over.
    """
    return Retention(
        context.statements,
        context.ledger,
        _wire_objects(settings),
        events_on_hold.overdue,
        now=context.now,
        retention_days=settings.retention_days,
    )


def disclosure_routes(
    context: Context, settings: Settings, retention: Retention
) -> list[Route[PrivacyRequest]]:
    """Return the routes for exports, look-ups and reports.

    Args:
        context: the statements, keys and clock that all operations share.
        settings: the function's settings.
        retention: checks whether data is kept for longer than promised.

    Raises:
        ValueError: the setting ``PARTS`` is malformed.
    """
    residency = Residency(
        _wire_promise(settings),
        cell=settings.cell,
        receipts=context.receipts,
        now=context.now,
        new_id=context.new_id,
    )
    return [
        Route("POST", "/exports", _wire_exports(context, settings).make),
        Route("POST", "/lookups", Lookups(context).ask),
        Route("POST", "/residency", residency.ask),
        Route("GET", "/retention", retention.ask),
    ]


def _wire_exports(context: Context, settings: Settings) -> Exports:
    objects = _wire_objects(settings)
    dead_letters = Subscription(settings.pubsub_endpoint, settings.dead_letter_subscription)
    return Exports(
        context,
        Sources(
            Tables(context.statements, settings.retention_days),
            RetainedEvents(objects, dead_letters, Layouts(load_catalogue())),
        ),
        Bucket(settings.storage_endpoint, settings.gcp_project, settings.bucket),
        objects,
        Deployment(settings.bucket, settings.location, settings.retention_days),
        seconds=settings.work_seconds,
    )


def _wire_objects(settings: Settings) -> CloudStorage:
    return CloudStorage(
        partial(open_bucket, settings.storage_endpoint, settings.gcp_project, settings.bucket),
        settings.storage_deadline_seconds,
    )


def _wire_promise(settings: Settings) -> Promise:
    endpoints = Endpoints(
        settings.bigquery_endpoint,
        settings.pubsub_endpoint,
        settings.storage_endpoint,
        settings.secrets_endpoint,
    )
    try:
        parts = msgspec.json.decode(settings.parts, type=Parts)
    except msgspec.DecodeError as error:
        raise ValueError(f"setting PARTS must be the JSON of the cell's parts: {error}") from None
    google = partial(Google, endpoints, settings.gcp_project)
    return Promise(google, parts, settings.location, gdpr=settings.gdpr)


def erasure_routes(
    context: Context, executor: Executor, closed: Callable[[], Awaitable[ClosedList]]
) -> list[Route[PrivacyRequest]]:
    """Return the routes for erasures and legal holds.

    Args:
        context: the statements, keys and clock that all operations share.
        executor: executes erasures that have no grace period.
        closed: returns the list of closed partners.
    """
    statements, ledger, receipts, keys, partner_of, now, new_id = context
    erasure_log = ErasureLog(statements, now)
    erasures = Erasures(
        partner_of,
        Filing(context),
        Preview(statements, keys, now),
        erasure_log,
        Restoring(statements, erasure_log, receipts, now),
        executor,
    )
    layouts = Layouts(load_catalogue())
    deletions = Deletions(statements, ledger, receipts, now=now, new_id=new_id)
    stream = Stream(deletions, keys, layouts, closed=closed)
    unfiled = Unfiled(statements, ledger, deletions, keys, closed=closed, now=now)
    holds = Holds(context)
    return [
        Route("POST", "/erasures", erasures.file),
        Route("GET", "/erasures", erasures.list_all),
        Route("GET", "/erasures/{id}", erasures.show),
        Route("DELETE", "/erasures/{id}", erasures.restore),
        Route("POST", "/stream", stream.take),
        Route("POST", "/unfiled", unfiled.post),
        Route("POST", "/holds", holds.file),
        Route("GET", "/holds", holds.list_all),
        Route("DELETE", "/holds/{id}", holds.release),
    ]


def wire_events_on_hold(settings: Settings, people: PeopleOnHold) -> EventsOnHold:
    """Return the object that stores events of closed partners while a legal hold keeps them.

    Args:
        settings: the function's settings.
        people: finds the people who are on legal hold.
    """
    at = (settings.storage_endpoint, settings.gcp_project, settings.bucket)
    objects = CloudStorage(partial(open_bucket, *at), settings.storage_deadline_seconds)
    return EventsOnHold(Quarantine(Bucket(*at)), objects, people)


def wire_offboardings(
    settings: Settings,
    context: Context,
    partners: PartnersFile,
    people: PeopleOnHold,
    events_on_hold: EventsOnHold,
) -> Offboardings:
    """Return the object that answers requests to offboard partners.

    Args:
        settings: the function's settings.
        context: the statements, keys and clock that all operations share.
        partners: reads the list of partners and their projects.
        people: finds the people who are on legal hold.
        events_on_hold: stores the events that a legal hold keeps.
    """
    at = (settings.storage_endpoint, settings.gcp_project, settings.bucket)
    objects = CloudStorage(partial(open_bucket, *at), settings.storage_deadline_seconds)
    subscription = Subscription(settings.pubsub_endpoint, settings.dead_letter_subscription)
    clearers = (ClosedPartnerObjects(objects), ClosedPartnerLetters(subscription))
    offboarding = Offboarding(context.statements, clearers, events_on_hold, people, context.now)
    records = Records(context.statements, context.receipts, context.new_id)
    closed = ClosedSecret(Secret(settings.secrets_endpoint, settings.closed_secret))
    plan = Plan(
        directory=partners.current,
        closed=closed,
        confirmations=Confirmations(context.keys),
        offboarding=offboarding,
        now=context.now,
    )
    closing = timedelta(seconds=settings.closing_seconds)
    progress = OffboardingProgress(offboarding, records, closing, context.now)
    return Offboardings(plan, closed, progress, records, partial(_deadline, settings.work_seconds))


def offboarding_routes(operations: Offboardings) -> list[Route[PrivacyRequest]]:
    """Return the routes that begin, list and show offboardings."""
    return [
        Route("POST", "/offboardings", operations.order),
        Route("GET", "/offboardings", operations.list_all),
        Route("GET", "/offboardings/{id}", operations.show),
    ]


def _deadline(seconds: float) -> Deadline:
    ends_at = time.monotonic() + seconds
    return lambda: time.monotonic() >= ends_at


def create(environ: Mapping[str, str]) -> ASGIApp:
    """Return the ASGI application of the privacy function.

    Call this function inside the running event loop.

    Args:
        environ: the environment variables, which contain the settings.

    Raises:
        ValueError: a setting is missing or malformed.
    """
    settings = read(Settings, environ)
    now = partial(datetime.now, UTC)
    limits = wire_limits(settings)
    statements = _wire_statements(settings, "privacy", limits)
    receipts = Receipts(statements, now)
    keys = load_keys(settings.pseudonym_keys)
    partners = PartnersFile(settings.partners_file)
    nightly = _wire_statements(settings, "operate", limits)
    ledger = Ledger(nightly, settings.retention_days)
    partner_of = Owners(statements).partner_of
    context = Context(statements, ledger, receipts, keys, partner_of, now, new_id)
    sweep = Sweep(
        statements,
        receipts,
        Search(ledger, settings.retention_days),
        OpenDays(
            nightly, now, settings.retention_days, seconds=settings.work_seconds * COUNT_SHARE
        ),
        wire_rewriters(settings, keys, now),
        now=now,
        clock=time.monotonic,
        seconds=settings.work_seconds,
    )
    people = PeopleOnHold(statements, keys, Layouts(load_catalogue()))
    events_on_hold = wire_events_on_hold(settings, people)
    offboardings = wire_offboardings(settings, context, partners, people, events_on_hold)
    retention = wire_retention(context, settings, events_on_hold)
    sweep_endpoint = SweepEndpoint(
        sweep.run, offboardings.sweep, retention.check_daily, offboardings.deadline, now
    )
    routes = [
        *erasure_routes(context, sweep, ClosedFile(settings.closed_file).current),
        *disclosure_routes(context, settings, retention),
        *offboarding_routes(offboardings),
        Route("POST", "/sweep", sweep_endpoint.post),
    ]
    callers = Callers(
        partial(read_permissions, settings.callers_file),
        settings.scheduler_account,
        settings.push_account,
    )
    return serve(callers, routes)


def wire_limits(settings: Settings) -> Limits:
    """Return the limits that all statements of the privacy function share.

    Call this function inside the running event loop.

    Args:
        settings: the function's settings.
    """
    name = settings.reservation
    return Limits(
        asyncio.Semaphore(settings.changes_at_a_time),
        settings.statement_bytes,
        stops=False,
        reservation=Reservation(name, REWRITES) if name else None,
    )


def _wire_statements(settings: Settings, folder: str, limits: Limits) -> Statements:
    warehouse = Warehouse(
        dataset_name(settings.store_dataset),
        dataset_name(settings.bi_dataset),
        retention_days=settings.retention_days,
    )
    return Statements(
        folder,
        partial(open_client, settings.bigquery_endpoint, settings.gcp_project, settings.location),
        warehouse.variables(),
        service="privacy",
        seconds=settings.statement_seconds,
        limits=limits,
    )


def new_id() -> str:
    """Return a new id: a UUIDv7, so that ids sort by the time of their creation."""
    return str(uuid_utils.uuid7())
