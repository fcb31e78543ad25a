"""The operations of `operate` with fakes, and with a clock that only tests move."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from functions.google.topic import Publisher
from functions.operate.dead_letters import DeadLetterReplay
from functions.operate.decode import Decoder
from functions.operate.refresh import Refresh
from functions.operate.replay import Replay, ReplayReport, Selection
from functions.operate.settle import Settle
from functions.retained.quarantine import Quarantine
from functions.warehouse.ledger import Ledger
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.clock import Clock
from tests.fakes.letters import Letters
from tests.fakes.partners import Partners
from tests.fakes.statements import Statements
from tests.fakes.topic import Topic
from tests.unit.operate.stand_ins import WRITTEN_AT

NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket(lambda: WRITTEN_AT)


@pytest.fixture
def topic() -> Topic:
    return Topic()


@pytest.fixture
def publisher(topic: Topic) -> Publisher:
    return Publisher(topic, deadline=20)


@pytest.fixture
def partners() -> Partners:
    return Partners()


@pytest.fixture
def decoder(partners: Partners) -> Decoder:
    return Decoder(partners.current, "eu", max_event_bytes=1_000)


@pytest.fixture
def replay(bucket: Bucket, publisher: Publisher, decoder: Decoder, clock: Clock) -> Replay:
    quarantine = Quarantine(Writer(bucket))
    return Replay(bucket, publisher.publish, decoder.decode, quarantine, clock=clock, seconds=240)


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def dead_letters(letters: Letters, publisher: Publisher, clock: Clock) -> DeadLetterReplay:
    return DeadLetterReplay(letters, publisher.publish, clock=clock, seconds=240)


@pytest.fixture
def statements() -> Statements:
    return Statements("operate")


@pytest.fixture
def settle(statements: Statements, clock: Clock) -> Settle:
    """The job that settles, at `NOW`: 22 November 2026, half an hour before midnight."""
    return Settle(
        statements,
        Ledger(statements, 215),
        now=lambda: NOW,
        clock=clock,
        seconds=240,
        retention_days=215,
    )


@pytest.fixture
def refresh(statements: Statements, clock: Clock) -> Refresh:
    """The job that refreshes, at `NOW`."""
    return Refresh(
        statements,
        Ledger(statements, 215),
        now=lambda: NOW,
        clock=clock,
        seconds=240,
        retention_days=215,
    )


Run = Callable[..., Awaitable[ReplayReport]]


@pytest.fixture
def run(replay: Replay) -> Run:
    """A function that replays the spill, or another selection."""

    async def run(selection: Selection = Selection("spill/")) -> ReplayReport:  # noqa: B008 - immutable
        return await replay.run(selection)

    return run
