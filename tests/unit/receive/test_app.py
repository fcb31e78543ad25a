"""The wiring of `receive`."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from functions.google import storage
from functions.receive import app
from tests.unit.receive.conftest import client_of
from tests.unit.receive.stand_ins import TOKEN


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Restore the handler of SIGTERM after each test."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def environ(partners_file: Path, closed_file: Path) -> dict[str, str]:
    """The settings of a receiver at whose endpoints no server listens."""
    return {
        "CELL": "eu",
        "GCP_PROJECT": "p",
        "EVENTS_TOPIC": "projects/p/topics/t",
        "PUBSUB_ENDPOINT": "http://127.0.0.1:1",
        "STORAGE_ENDPOINT": "http://127.0.0.1:1",
        "BUCKET": "b",
        "PARTNERS_FILE": str(partners_file),
        "CLOSED_FILE": str(closed_file),
        "PUBLISH_DEADLINE_SECONDS": "0.2",
        "DURABLE_WITHIN_SECONDS": "0.6",
    }


async def test_with_neither_pubsub_nor_the_bucket_it_answers_503_in_time(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: str) -> NoReturn:
        raise ConnectionError

    # Without this, a thread of the client library would retry after the answer.
    monkeypatch.setattr(storage, "open_bucket", refuse)
    async with client_of(app.create(environ)) as sender:
        assert (await sender.get("/health")).status_code == 200
        body = {"event": "a", "value": {"project": "acme-prod"}}
        answer = await sender.post(f"/events/{TOKEN}", json=body)
    assert answer.status_code == 503
    assert answer.json()["reason"] == "publish_failed"
    assert answer.elapsed.total_seconds() < 5


@pytest.mark.parametrize("deadline", ["0", "0.6", "9"])
async def test_a_publish_must_leave_time_for_the_spill(
    environ: dict[str, str], deadline: str
) -> None:
    with pytest.raises(ValueError, match="PUBLISH_DEADLINE_SECONDS"):
        app.create(environ | {"PUBLISH_DEADLINE_SECONDS": deadline})
