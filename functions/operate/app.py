"""Wires the function `operate`: creates its objects, and connects them."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from starlette.types import ASGIApp

from functions.acceptance.partners import PartnersFile
from functions.google.grpc_channel import open_channel
from functions.google.storage import Bucket, CloudStorage, open_bucket
from functions.google.subscription import Subscription
from functions.google.topic import Publisher, Topic
from functions.operate.dead_letters import DeadLetterReplay
from functions.operate.decode import Decoder
from functions.operate.refresh import Refresh
from functions.operate.replay import Replay
from functions.operate.routes import Operations, routes
from functions.operate.settings import Settings
from functions.operate.settle import Settle
from functions.retained.quarantine import Quarantine
from functions.warehouse.client import open_client
from functions.warehouse.ledger import Ledger
from functions.warehouse.schema import Warehouse, dataset_name
from functions.warehouse.statements import Limits, Statements
from functions.web.environment import read
from functions.web.routes import application


def create(environ: Mapping[str, str]) -> ASGIApp:
    """Create the ASGI application of `operate`; call this inside the running event loop.

    Raises:
        ValueError: a setting is missing or malformed.
    """
    settings = read(Settings, environ)
    topic = Topic(partial(open_channel, settings.pubsub_endpoint), settings.events_topic)
    publisher = Publisher(topic, settings.publish_deadline_seconds)
    statements = _statements(settings)
    ledger = Ledger(statements, settings.retention_days)
    now = partial(datetime.now, UTC)
    operations = Operations(
        replay=_replay(settings, publisher),
        dead_letters=DeadLetterReplay(
            Subscription(settings.pubsub_endpoint, settings.dead_letter_subscription),
            publisher.publish,
            clock=time.monotonic,
            seconds=settings.replay_seconds,
        ),
        settle=Settle(
            statements,
            ledger,
            now=now,
            clock=time.monotonic,
            seconds=settings.settle_seconds,
            retention_days=settings.retention_days,
        ),
        refresh=Refresh(
            statements,
            ledger,
            now=now,
            clock=time.monotonic,
            seconds=settings.refresh_seconds,
            retention_days=settings.retention_days,
        ),
    )
    return application(routes(operations))


def _replay(settings: Settings, publisher: Publisher) -> Replay:
    objects = CloudStorage(
        partial(open_bucket, settings.storage_endpoint, settings.gcp_project, settings.bucket),
        settings.storage_deadline_seconds,
    )
    partners = PartnersFile(settings.partners_file)
    decoder = Decoder(partners.current, settings.cell, settings.max_event_bytes)
    return Replay(
        objects,
        publisher.publish,
        decoder.decode,
        Quarantine(Bucket(settings.storage_endpoint, settings.gcp_project, settings.bucket)),
        clock=time.monotonic,
        seconds=settings.replay_seconds,
    )


def _statements(settings: Settings) -> Statements:
    warehouse = Warehouse(
        dataset_name(settings.store_dataset),
        dataset_name(settings.bi_dataset),
        retention_days=settings.retention_days,
    )
    return Statements(
        "operate",
        partial(open_client, settings.bigquery_endpoint, settings.gcp_project, settings.location),
        warehouse.variables(),
        seconds=settings.statement_seconds,
        limits=Limits(
            asyncio.Semaphore(settings.changes_at_a_time), settings.statement_bytes, stops=True
        ),
    )
