import asyncio
import json
import threading
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from functions import __version__
from functions.events.body import CAREFUL_BYTES, MOST_IN_ONE_GO
from functions.google.storage import BucketUnavailable
from functions.load.connection import AppendFailed
from functions.load.late import LateDays
from functions.load.loader import Loader, NotStored
from functions.load.people import KnownPeople
from functions.load.row import Loaded, Row, RowBuilder
from functions.load.table import RowRefused
from functions.load.tally import LoadTally
from functions.web.aside import ASIDE_BYTES
from functions.web.batching import QueueFull
from functions.web.push import PushedMessage

NOW = datetime(2026, 11, 22, 14, 25, 33, tzinfo=UTC)
ATTRIBUTES = {
    "ingest_id": "0199d6a2-6a5c-7d4e-8c3f-0123456789ab",
    "received_at": "2026-11-22T14:25:32.123456Z",
    "kind": "chat",
    "partner": "demo",
    "project": "dev",
}


class World:
    """Everything around a loader, in memory; a table or the bucket raises its error in `fails`."""

    def __init__(self, builder: RowBuilder) -> None:
        self.events: list[Row] = []
        self.room_events: list[Row] = []
        self.identities: list[Row] = []
        self.late_days: list[Row] = []
        self.order: list[str] = []
        self.quarantine: list[dict[str, Any]] = []
        self.fails: dict[str, Exception] = {}
        self.tally = LoadTally()
        self.loader = Loader(
            builder=builder,
            store_event=lambda row: self._store("events", row),
            store_room_event=lambda row: self._store("room_events", row),
            store_identity=lambda row: self._store("identities", row),
            known=KnownPeople(10),
            late_days=LateDays(lambda row: self._store("late_days", row)),
            keep=self._keep,
            now=lambda: NOW,
            new_id=map("delivery {}".format, count()).__next__,
            tally=self.tally,
        )

    async def _store(self, table: str, row: Row) -> None:
        if table in self.fails:
            raise self.fails[table]
        self.order.append(table)
        getattr(self, table).append(row)

    async def _keep(self, **entry: Any) -> None:
        if "quarantine" in self.fails:
            raise self.fails["quarantine"]
        self.quarantine.append(entry)


@pytest.fixture
def world(builder: RowBuilder) -> World:
    return World(builder)


def message(user: str | None = "u", **attributes: str) -> PushedMessage:
    value = {"user_id": user, "nickname": "Andy"}
    data = json.dumps({"event": "room_opened", "value": value}).encode()
    return PushedMessage(data=data, attributes=ATTRIBUTES | attributes)


@pytest.mark.parametrize("too_large", [1, 2])
async def test_a_row_that_is_too_large_is_stored_without_what_has_no_column(
    world: World, monkeypatch: pytest.MonkeyPatch, too_large: int
) -> None:
    attempts: list[Row] = []

    async def store(_table: str, row: Row) -> None:
        attempts.append(row)
        if len(attempts) <= too_large:
            raise RowRefused("row_too_large")

    monkeypatch.setattr(world, "_store", store)
    data = b'{"event": "room_opened", "value": {"unheard_of": "long", "event_id": "r"}}'
    await world.loader.load(PushedMessage(data=data, attributes=ATTRIBUTES))
    assert attempts[0]["extra"] == '{"unheard_of":"long"}'
    assert "extra" not in attempts[1]
    assert attempts[1]["flags"] == ["unknown:unheard_of", "too_large:extra"]
    assert [entry["reason"] for entry in world.quarantine] == ["row_too_large"] * (too_large - 1)


async def test_an_event_and_its_new_person_are_stored(world: World) -> None:
    await world.loader.load(message())
    [event], [identity] = world.events, world.identities
    assert event["stored_at"] == NOW.timestamp() * 1_000_000
    assert event["delivery_id"] == "delivery 0"
    assert event["user_key"] == identity["user_key"]
    assert (identity["user_id"], identity["nickname"]) == ("u", "Andy")


@pytest.mark.parametrize("kind", ["chat", "room", "test"])
async def test_room_events_are_stored_apart(world: World, kind: str) -> None:
    for _ in range(2):  # the second event is about a known person
        await world.loader.load(message(kind=kind))
    stored = world.room_events if kind == "room" else world.events
    assert [row["kind"] for row in stored] == [kind] * 2
    assert len(world.events) + len(world.room_events) == 2


async def test_a_known_person_is_not_stored_again_that_day(world: World) -> None:
    for received_at in ("2026-11-22T00:00:00Z", "2026-11-22T23:59:59Z", "2026-11-23T00:00:00Z"):
        await world.loader.load(message(received_at=received_at))
    assert (len(world.events), len(world.identities)) == (3, 2)


async def test_an_event_without_a_person_has_no_identity(world: World) -> None:
    await world.loader.load(message(user=None))
    assert (len(world.events), len(world.identities)) == (1, 0)


async def test_every_delivery_has_its_own_id(world: World) -> None:
    await world.loader.load(message())
    await world.loader.load(message())
    assert [row["delivery_id"] for row in world.events] == ["delivery 0", "delivery 1"]
    assert world.events[0]["ingest_id"] == world.events[1]["ingest_id"]


@pytest.mark.parametrize(
    ("table", "failure", "reason"),
    [
        ("events", AppendFailed("UNAVAILABLE"), "UNAVAILABLE"),
        ("events", QueueFull(), "queue_full"),
        ("identities", AppendFailed("deadline"), "deadline"),
        ("identities", QueueFull(), "queue_full"),
    ],
)
async def test_a_failed_append_asks_for_another_delivery(
    world: World, table: str, failure: Exception, reason: str
) -> None:
    world.fails[table] = failure
    with pytest.raises(NotStored, match=reason):
        await world.loader.load(message())
    assert world.quarantine == []


@pytest.mark.parametrize(
    ("received_at", "notes"),
    [
        ("2026-11-22T14:25:32Z", 0),
        ("2026-11-22T13:25:33.000000Z", 0),
        ("2026-11-22T13:25:32.999999Z", 1),
        ("2026-10-01T00:00:00Z", 1),
        ("2026-11-22T16:00:00Z", 0),
    ],
)
async def test_the_day_of_a_late_row_is_noted_before_the_row_is_stored(
    world: World, received_at: str, notes: int
) -> None:
    await world.loader.load(message(received_at=received_at))
    assert sorted(world.order[-2:]) == ["events", "identities"]
    assert world.order[:-2] == ["late_days"] * notes
    assert [row["reason"] for row in world.late_days] == ["late"] * notes


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (AppendFailed("UNAVAILABLE"), "UNAVAILABLE"),
        (QueueFull(), "queue_full"),
        (RowRefused("row_refused"), "late_day_refused"),
    ],
)
async def test_without_its_note_no_late_row_is_stored(
    world: World, failure: Exception, reason: str
) -> None:
    world.fails["late_days"] = failure
    with pytest.raises(NotStored, match=reason):
        await world.loader.load(message(received_at="2026-11-01T00:00:00Z"))
    assert (world.events, world.identities, world.quarantine) == ([], [], [])
    await world.loader.load(message())
    assert len(world.events) == 1


async def test_a_person_is_known_only_once_stored(world: World) -> None:
    world.fails["identities"] = AppendFailed("UNAVAILABLE")
    with pytest.raises(NotStored):
        await world.loader.load(message())
    world.fails.clear()
    await world.loader.load(message())
    assert len(world.identities) == 1


async def test_a_bad_message_is_quarantined_and_acknowledged(world: World) -> None:
    await world.loader.load(PushedMessage(data=b'{"user_id": "secret"', attributes=ATTRIBUTES))
    assert world.quarantine == [
        {
            "reason": "not_json",
            "partner": "demo",
            "kind": "chat",
            "data": b'{"user_id": "secret"',
            "received_at": ATTRIBUTES["received_at"],
            "attributes": ATTRIBUTES,
        }
    ]
    assert world.events == []


async def test_a_refused_row_is_quarantined_and_acknowledged(world: World) -> None:
    world.fails["events"] = RowRefused("row_refused")
    await world.loader.load(message())
    assert [entry["reason"] for entry in world.quarantine] == ["row_refused"]


@pytest.mark.parametrize(
    ("published", "expected"),
    [("2026-11-22T14:25:31Z", "2026-11-22T14:25:31Z"), ("", "2026-11-22T14:25:33.000000Z")],
)
async def test_a_message_without_attributes_is_quarantined(
    world: World, published: str, expected: str
) -> None:
    await world.loader.load(PushedMessage(data=b"{}", publish_time=published))
    [entry] = world.quarantine
    assert (entry["reason"], entry["partner"], entry["kind"], entry["received_at"]) == (
        "bad_attributes",
        "unknown",
        "unknown",
        expected,
    )


async def test_without_quarantine_a_bad_message_comes_again(world: World) -> None:
    world.fails["quarantine"] = BucketUnavailable()
    with pytest.raises(NotStored, match="quarantine_unavailable"):
        await world.loader.load(PushedMessage(data=b"", attributes=ATTRIBUTES))


async def test_a_refused_identity_costs_neither_the_event_nor_a_second_try(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.fails["identities"] = RowRefused("row_too_large")
    await world.loader.load(message())
    await world.loader.load(message())
    assert (len(world.events), world.quarantine) == (2, [])
    assert world.tally.counts.identities_refused == 1
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["reason"] == "row_too_large"
    assert "Andy" not in line


async def test_deliveries_are_counted_by_what_became_of_them(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    await world.loader.load(message())
    await world.loader.load(message(received_at="2026-11-22T14:25:30Z"))
    await world.loader.load(PushedMessage(data=b"secret", attributes=ATTRIBUTES))
    world.fails["events"] = AppendFailed("UNAVAILABLE")
    with pytest.raises(NotStored):
        await world.loader.load(message())
    assert world.tally.write()
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "severity": "INFO",
        "message": "loaded",
        "stored": 2,
        "closed": 0,
        "quarantined": {"not_json": 1},
        "refused": {"UNAVAILABLE": 1},
        "identities_refused": 0,
        "freshness_ms": {"p50": 876.5, "p99": 3000.0, "max": 3000.0},
        "version": __version__,
    }
    assert not world.tally.write()


async def test_small_messages_are_loaded_while_a_large_one_is_read(
    world: World, builder: RowBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()
    build = builder.build

    def slow(data: bytes, *args: Any, **named: Any) -> Loaded:
        if len(data) > ASIDE_BYTES:
            begun.set()
            assert may_end.wait(60)
        return build(data, *args, **named)

    monkeypatch.setattr(builder, "build", slow)
    large = PushedMessage(data=b'{"x":"%b"}' % (b"x" * ASIDE_BYTES), attributes=ATTRIBUTES)
    loading = asyncio.create_task(world.loader.load(large))
    await asyncio.to_thread(begun.wait, 60)
    await world.loader.load(message())
    assert (len(world.events), loading.done()) == (1, False)
    may_end.set()
    await loading
    assert len(str(world.events[1]["extra"])) > ASIDE_BYTES


@pytest.mark.parametrize(
    ("data", "reason"), [(b'{"x":["\\ud83d"', "not_json"), (b"[" * 501, "too_deep")]
)
async def test_a_large_message_that_is_bad_is_quarantined(
    world: World, data: bytes, reason: str
) -> None:
    await world.loader.load(PushedMessage(data=data + b" " * ASIDE_BYTES, attributes=ATTRIBUTES))
    assert [entry["reason"] for entry in world.quarantine] == [reason]


async def test_a_message_whose_values_are_too_many_is_quarantined(world: World) -> None:
    data = b"[%b1]" % (b"1," * MOST_IN_ONE_GO)
    for padding in (b"", b" " * CAREFUL_BYTES):
        await world.loader.load(PushedMessage(data=data + padding, attributes=ATTRIBUTES))
    assert len(world.events) == 1
    [entry] = world.quarantine
    assert (entry["reason"], entry["data"]) == ("too_many_values", data + padding)
