"""A replay between two stand-ins, with a clock that stands until it is told to go."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from functions.operate.dead_letters import DeadLetterReplay
from functions.operate.decode import Decoder
from functions.operate.refresh import Refresh
from functions.operate.replay import Replay, ReplayReport, Selection
from functions.operate.settle import Settle
from functions.retained.quarantine import Quarantine
from tests.fakes.clock import Clock
from tests.fakes.objects import Bucket, Writer
from tests.unit.operate.stand_ins import WRITTEN_AT, Letters, Partners, Store, Topic

NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket(WRITTEN_AT)


@pytest.fixture
def topic() -> Topic:
    return Topic()


@pytest.fixture
def partners() -> Partners:
    return Partners()


@pytest.fixture
def decoder(partners: Partners) -> Decoder:
    return Decoder(partners.current, "eu", max_event_bytes=1_000)


@pytest.fixture
def replay(bucket: Bucket, topic: Topic, decoder: Decoder, clock: Clock) -> Replay:
    quarantine = Quarantine(Writer(bucket))
    return Replay(bucket, topic.publish, decoder.decode, quarantine, clock=clock, seconds=240)


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def dead_letters(letters: Letters, topic: Topic, clock: Clock) -> DeadLetterReplay:
    return DeadLetterReplay(letters, topic.publish, clock=clock, seconds=240)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def settle(store: Store, clock: Clock) -> Settle:
    """Settling on 22 November 2026, half an hour before midnight."""
    return Settle(store, now=lambda: NOW, clock=clock, seconds=240)


@pytest.fixture
def refresh(store: Store, clock: Clock) -> Refresh:
    """Refreshing at the same time."""
    return Refresh(store, now=lambda: NOW, clock=clock, seconds=240, retention_days=215)


Run = Callable[..., Awaitable[ReplayReport]]


@pytest.fixture
def run(replay: Replay) -> Run:
    """Replay the spill, or what is selected instead."""

    async def run(selection: Selection = Selection("spill/")) -> ReplayReport:  # noqa: B008 - immutable
        return await replay.run(selection)

    return run
