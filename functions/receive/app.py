"""Wires the function `receive`: creates its objects, and connects them."""

from collections.abc import Mapping
from functools import partial

from starlette.types import ASGIApp

from functions.acceptance.admission import Admission
from functions.acceptance.partners import PartnersFile
from functions.google.access_token import AccessToken
from functions.google.grpc_channel import open_channel
from functions.google.storage import Bucket
from functions.google.topic import Topic
from functions.observe.tally import Paced
from functions.receive import quarantine
from functions.receive.breaker import Breaker
from functions.receive.durable import Durable
from functions.receive.publish import BatchingPublisher
from functions.receive.receiver import Receiver
from functions.receive.settings import Settings
from functions.receive.spill import OBJECTS_IN_FLIGHT, Spill
from functions.receive.tally import ReceiveTally
from functions.retained.quarantine import Quarantine
from functions.secrets.closed_partners import ClosedFile
from functions.web.environment import read

PROBE_SECONDS = 5.0
"""While events are spilled, a publish is tried at most once in this many seconds."""


def create(environ: Mapping[str, str]) -> ASGIApp:
    """Create the ASGI application of `receive`; call this inside the running event loop.

    Raises:
        ValueError: a setting is missing or malformed.
    """
    settings = read(Settings, environ)
    tally = ReceiveTally()
    paced = Paced(tally.write)
    paced.finish_at_sigterm()
    receiver = Receiver(
        settings,
        _admission(settings),
        _durable(settings, tally),
        Quarantine(_bucket(settings, quarantine.AT_A_TIME)),
        tally,
        paced,
    )
    return receiver.handle


def _admission(settings: Settings) -> Admission:
    closed = ClosedFile(
        settings.closed_file,
        refresh_seconds=settings.closed_refresh_seconds,
        keep_seconds=settings.closed_keep_seconds,
    )
    return Admission(PartnersFile(settings.partners_file), closed)


def _bucket(settings: Settings, at_a_time: int) -> Bucket:
    """Return a client with connections of its own, so that spill never waits for quarantine."""
    return Bucket(settings.storage_endpoint, settings.gcp_project, settings.bucket, at_a_time)


def _durable(settings: Settings, tally: ReceiveTally) -> Durable:
    deadline, within = settings.publish_deadline_seconds, settings.durable_within_seconds
    if not 0 < deadline < within:
        raise ValueError(
            "PUBLISH_DEADLINE_SECONDS must be above 0 and below DURABLE_WITHIN_SECONDS"
        )
    is_secure = settings.pubsub_endpoint.startswith("https://")
    publisher = BatchingPublisher(
        Topic(
            partial(open_channel, settings.pubsub_endpoint, authorizes=False),
            settings.events_topic,
            token=AccessToken() if is_secure else None,
        ),
        Breaker(retry_seconds=max(PROBE_SECONDS, deadline)),
        deadline=deadline,
        reserve=(within - deadline) / 2,
        observe=tally.publish,
    )
    return Durable(
        publisher,
        Spill(_bucket(settings, OBJECTS_IN_FLIGHT)),
        within=within,
        max_waiting=settings.max_waiting_events,
        count_spilled=tally.spill,
    )
