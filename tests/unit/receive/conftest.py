"""A real receiver with a client, and with fakes for its two dependencies that do I/O."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from functions.acceptance.admission import Admission
from functions.acceptance.partners import PartnersFile
from functions.observe.tally import Paced
from functions.receive.receiver import Receiver
from functions.receive.settings import Settings
from functions.receive.tally import ReceiveTally
from functions.retained.quarantine import Quarantine
from functions.secrets.closed_partners import ClosedFile
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.durable import Durable
from tests.unit.receive.stand_ins import PARTNERS


@pytest.fixture
def durable() -> Durable:
    return Durable()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def partners_file(tmp_path: Path) -> Path:
    path = tmp_path / "partners.json"
    path.write_text(json.dumps({"partners": PARTNERS}))
    return path


@pytest.fixture
def closed_file(tmp_path: Path) -> Path:
    path = tmp_path / "closed.json"
    path.write_text(json.dumps({"partners": {}}))
    return path


@pytest.fixture
def settings(partners_file: Path, closed_file: Path) -> Settings:
    return Settings(
        cell="eu",
        gcp_project="p",
        events_topic="projects/p/topics/t",
        pubsub_endpoint="http://127.0.0.1:1",
        storage_endpoint="http://127.0.0.1:1",
        bucket="b",
        partners_file=partners_file,
        closed_file=closed_file,
        max_event_bytes=1_000,
        max_request_bytes=10_000,
        max_request_events=20,
    )


@pytest.fixture
def tally() -> ReceiveTally:
    return ReceiveTally()


@pytest.fixture
async def sender(
    settings: Settings, durable: Durable, bucket: Bucket, tally: ReceiveTally
) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends requests to the receiver."""
    async with client_of(receiver_of(settings, durable, Writer(bucket), tally).handle) as client:
        yield client
    tally.write()


def receiver_of(
    settings: Settings, durable: Durable, writer: Writer, tally: ReceiveTally
) -> Receiver:
    """Return a receiver with these dependencies."""
    admission = Admission(PartnersFile(settings.partners_file), ClosedFile(settings.closed_file))
    return Receiver(settings, admission, durable, Quarantine(writer), tally, Paced(tally.write))


def client_of(application: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://receive")
