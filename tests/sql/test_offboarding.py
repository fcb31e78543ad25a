"""An offboarding deletes the rows of a partner, with the real statements on the stand-in."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud import bigquery

from functions.events.catalogue import load_catalogue
from functions.events.layout import Layouts
from functions.privacy.app import new_id
from functions.privacy.deadline import OutOfTime
from functions.privacy.erasures.restored_tables import Restored
from functions.privacy.inventory import partner_tables
from functions.privacy.offboarding.closed_partners import PeopleOnHold
from functions.privacy.offboarding.deletion import Offboarding, PartnerCounts
from functions.privacy.offboarding.events_on_hold import EventsOnHold
from functions.privacy.offboarding.progress import OffboardingProgress
from functions.privacy.offboarding.record import Records
from functions.privacy.offboarding.storage import ClosedPartnerObjects
from functions.privacy.records.receipts import Receipts
from functions.retained.quarantine import Quarantine
from functions.secrets.closed_partners import ClosedPartner
from functions.secrets.pseudonym_keys import PseudonymKeys, user_key
from functions.warehouse.client import open_client
from functions.warehouse.schema import list_tables
from functions.warehouse.statements import Statements
from tests.fakes.bucket import Bucket, Writer
from tests.sql import event_rows
from tests.sql.stand_in import WAREHOUSE
from tests.unit.privacy.stand_ins import attributes, body, spilled

pytestmark = pytest.mark.cell

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ENTRY = ClosedPartner(("acme-prod",), NOW)
TABLES = {table.name for table in partner_tables()}
HELD, FREE = "key of held", "key of free"


class World:
    """The tables of the store, and an offboarding with a clock that tests set."""

    def __init__(self, client: bigquery.Client, rest: str) -> None:
        self.client = client
        self.now = NOW
        statements = Statements(
            "privacy",
            lambda: open_client(rest, "local", "europe-west1"),
            WAREHOUSE.variables(),
            seconds=60,
        )
        keys = PseudonymKeys(1, {1: b"k" * 32})
        people = PeopleOnHold(statements, keys, Layouts(load_catalogue()))
        self.bucket = Bucket()
        held = EventsOnHold(Quarantine(Writer(self.bucket)), self.bucket, people)
        self.people = people
        clearers = (ClosedPartnerObjects(self.bucket),)
        self.offboarding = Offboarding(statements, clearers, held, people, lambda: self.now)
        self.records = Records(statements, Receipts(statements, lambda: self.now), new_id)
        self.progress = OffboardingProgress(
            self.offboarding, self.records, timedelta(minutes=12), lambda: self.now
        )

    def fill(self, table: str, *rows: dict[str, Any]) -> None:
        event_rows.fill(self.client, WAREHOUSE.store, table, rows)

    def rows(self, columns: str, table: str) -> list[tuple[Any, ...]]:
        sql = f"SELECT {columns} FROM `{WAREHOUSE.store}.{table}` ORDER BY {columns}"
        return [row.values() for row in self.client.query(sql).result()]


@pytest.fixture
def world(empty_warehouse: bigquery.Client, stand_in: Any) -> World:
    return World(empty_warehouse, stand_in.rest)


def event(name: str, partner: str, at: datetime = NOW, **other: Any) -> dict[str, Any]:
    return {
        "ingest_id": name,
        "delivery_id": name,
        "received_at": at.isoformat(),
        "stored_at": at.isoformat(),
        "kind": "chat",
        "partner": partner,
        "project": f"{partner}-prod",
        "catalogued": True,
    } | other


def identity(key: str, partner: str) -> dict[str, Any]:
    return {
        "partner": partner,
        "project": f"{partner}-prod",
        "user_key": key,
        "key_version": 1,
        "user_id": f"user of {key}",
        "first_seen": NOW.isoformat(),
        "last_seen": NOW.isoformat(),
    }


def erasure(key: str, partner: str) -> dict[str, Any]:
    return {
        "erasure_id": f"erasure of {key}",
        "partner": partner,
        "project": f"{partner}-prod",
        "user_key": key,
        "source": "api",
        "mode": "grace",
        "treatment": "anonymise",
        "status": "hidden",
        "cut_off": NOW.isoformat(),
        "due_at": (NOW + 28 * DAY).isoformat(),
    }


def hold(key: str, partner: str, **other: Any) -> dict[str, Any]:
    return {
        "hold_id": f"hold of {key} {other}",
        "partner": partner,
        "project": f"{partner}-prod",
        "user_key": key,
        "reason": "a court asked for it",
        "filed_at": NOW.isoformat(),
        "filed_by": "dpo@operator.example",
        "until": (NOW + 10 * DAY).isoformat(),
    } | other


def rollups(partner: str) -> dict[str, dict[str, Any]]:
    """Return a row for each rollup, in which all numbers are 1."""
    values = {"STRING": "r", "DATE": "2026-11-16", "TIMESTAMP": NOW.isoformat()}
    of_whom = {"partner": partner, "project": f"{partner}-prod"}
    return {
        table.name: {column.name: values.get(column.type, 1) for column in table.schema} | of_whom
        for table in list_tables()
        if table.name in TABLES and not table.people
        if {column.name for column in table.schema} & {"day", "week"}
    }


def active_day(key: str, partner: str) -> dict[str, Any]:
    acts = ("has_sent", "has_opened", "has_taken_part", "has_asked", "has_accepted")
    return dict.fromkeys(acts, True) | {
        "partner": partner,
        "project": f"{partner}-prod",
        "day": NOW.date().isoformat(),
        "user_key": key,
        "until": NOW.isoformat(),
        "is_anonymised": False,
        "rooms": [{"room_id": "r", "has_sent": True}],
    }


def fill(world: World, *, with_hold: bool = False) -> None:
    """Store the same rows for two partners; with `with_hold`, also a hold on a person of acme."""
    tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for partner in ("acme", "solo"):
        room: dict[str, Any] = {"kind": "room", "room": {"speakers": [FREE]}}
        held_room: dict[str, Any] = {"kind": "room", "room": {"speakers": [FREE, HELD]}}
        tables["events_v1"] += [
            event(f"{partner} held", partner, user_key=HELD),
            event(f"{partner} free", partner, user_key=FREE),
            event(f"{partner} old", partner, NOW - 300 * DAY, user_key=FREE),
            event(f"{partner} nobody", partner),
            event(f"{partner} test", partner, project=None, kind="test"),
            event(f"{partner} room", partner, **room),
            event(f"{partner} held room", partner, **held_room),
        ]
        tables["active_days_v1"] += [active_day(HELD, partner), active_day(FREE, partner)]
        tables["identities_v1"] += [identity(HELD, partner), identity(FREE, partner)]
        tables["erasures_v1"] += [erasure(HELD, partner), erasure(FREE, partner)]
        tables["holds_v1"] += [
            hold(FREE, partner, released_at=NOW.isoformat()),
            hold(FREE, partner, until=NOW.isoformat()),
        ]
        for table, row in rollups(partner).items():
            tables[table].append(row)
    if with_hold:
        tables["holds_v1"].append(hold(HELD, "acme"))
    for table, rows in tables.items():
        world.fill(table, *rows)


def never() -> bool:
    return False


def test_every_table_with_rows_of_a_partner_is_cleared() -> None:
    of_partners = {
        table.name
        for table in list_tables()
        if any(column.name == "partner" for column in table.schema)
    }
    assert of_partners - TABLES == {"receipts_v1"}, "receipts stay"


async def test_all_rows_of_the_partner_are_deleted_and_no_others(world: World) -> None:
    fill(world)
    before = await world.offboarding.count("acme", ENTRY, never)
    assert before.total == {
        "events_v1": 5,
        "room_events_v1": 2,
        "active_days_v1": 2,
        "identities_v1": 2,
        "erasures_v1": 2,
        "holds_v1": 2,
        **dict.fromkeys(rollups("acme"), 1),
    }
    assert not any(before.on_hold.values())
    counts = PartnerCounts()
    await world.offboarding.clear_tables("acme", counts, never)
    assert counts.deleted == before.total
    assert not (await world.offboarding.count("acme", ENTRY, never)).total
    after = await world.offboarding.count("solo", ENTRY, never)
    assert after.total == before.total


async def test_rows_under_a_legal_hold_stay_until_it_is_over(world: World) -> None:
    fill(world, with_hold=True)
    counts = PartnerCounts()
    await world.offboarding.clear_tables("acme", counts, never)
    kept = {"events_v1": 1, "room_events_v1": 1, "active_days_v1": 1}
    kept |= {"identities_v1": 1, "erasures_v1": 1, "holds_v1": 1}
    after = await world.offboarding.count("acme", ENTRY, never)
    assert (after.total, +after.on_hold, after.deletable) == (kept, kept, {})
    names = [
        name
        for table in ("events_v1", "room_events_v1")
        for (name, partner) in world.rows("ingest_id, partner", table)
        if partner == "acme"
    ]
    assert names == ["acme held", "acme held room"]

    world.now += 11 * DAY
    await world.offboarding.clear_tables("acme", PartnerCounts(), never)
    assert not (await world.offboarding.count("acme", ENTRY, never)).total


async def test_a_hold_on_a_project_also_binds_its_present_partner(world: World) -> None:
    """The rows that count as kept are the rows that stay; otherwise, the offboarding never ends."""
    fill(world)
    world.fill("holds_v1", hold(HELD, "acme") | {"partner": "its former partner"})
    counts = PartnerCounts()
    await world.offboarding.clear_tables("acme", counts, never)
    after = await world.offboarding.count("acme", ENTRY, never)
    kept = {name: number for name, number in after.total.items() if "events_v1" in name}
    assert kept == {"events_v1": 1, "room_events_v1": 1}
    assert after.deletable == {}


async def test_the_certificate_waits_until_no_older_list_is_in_use(world: World) -> None:
    fill(world)
    first = await world.progress.one("acme", ENTRY, "dpo@operator.example", never)
    assert (first.record.state, first.record.complete) == ("deleting", None)
    world.fill("events_v1", event("late", "acme"))
    world.now += timedelta(minutes=12)
    done = await world.progress.one("acme", ENTRY, "", never)
    assert done.record.state == "deleted"
    certificate = done.record.complete
    assert certificate
    assert certificate["total"]["events_v1"] == 5
    assert certificate["deleted"]["events_v1"] == 6
    assert done.record.ordered_by == "dpo@operator.example"
    again = await world.progress.one("acme", ENTRY, "", never)
    assert again.record.complete == certificate
    steps = world.rows("JSON_VALUE(detail, '$.step'), requested_by", "receipts_v1")
    assert steps == [
        ("begun", "dpo@operator.example"),
        ("complete", None),
        ("deleted", None),
        ("deleted", None),
    ]


async def test_with_a_hold_there_is_first_a_partial_certificate_and_then_a_complete_one(
    world: World,
) -> None:
    fill(world, with_hold=True)
    world.now += timedelta(minutes=12)
    held = await world.progress.one("acme", ENTRY, "", never)
    assert held.record.state == "on_hold"
    assert held.record.on_hold
    assert held.record.on_hold["on_hold"]["events_v1"] == 1
    assert held.record.on_hold["on_hold"]["room_events_v1"] == 1
    world.now += 11 * DAY
    assert await world.progress.all({"acme": ENTRY}, never) == {"acme": "deleted"}


async def test_waiting_events_under_a_hold_stay_in_the_bucket_until_its_end(world: World) -> None:
    """An event on hold may stay longer than other objects in the bucket."""
    key = user_key(b"k" * 32, "acme-prod", "held")
    until = NOW + 100 * DAY
    world.fill("holds_v1", hold(key, "acme", until=until.isoformat()))
    events = [
        (body(user, project="acme-prod"), attributes(number, project="acme-prod"))
        for number, user in enumerate(("held", "free"))
    ]
    world.bucket.put("spill/a", spilled(*events))
    world.now += timedelta(minutes=12)
    held = await world.progress.one("acme", ENTRY, "", never)
    assert held.record.on_hold
    assert held.record.on_hold["on_hold"] == {"on_hold/": 1, "holds_v1": 1}
    assert held.record.on_hold["deleted"] == {"spill/": 1}

    world.now = until - timedelta(hours=1)
    assert await world.progress.all({"acme": ENTRY}, never) == {"acme": "on_hold"}
    [name] = world.bucket.contents
    assert name.startswith("on_hold/acme/chat/")
    world.now = until
    assert await world.progress.all({"acme": ENTRY}, never) == {"acme": "deleted"}
    assert world.bucket.contents == {}
    done = await world.progress.one("acme", ENTRY, "", never)
    assert done.record.deleted == {"spill/": 1, "on_hold/": 1, "holds_v1": 1}


async def test_a_partner_who_returns_and_leaves_again_is_offboarded_again(world: World) -> None:
    world.now += timedelta(minutes=12)
    assert (await world.progress.one("acme", ENTRY, "", never)).record.complete
    world.fill("events_v1", event("again", "acme"))
    again = ClosedPartner((), NOW + timedelta(hours=1))
    world.now += timedelta(hours=2)
    done = await world.progress.one("acme", again, "", never)
    assert done.record.complete
    assert done.record.complete["deleted"] == {"events_v1": 1}


async def test_two_runs_at_once_delete_and_count_everything_once(world: World) -> None:
    fill(world)
    world.now += timedelta(minutes=12)
    outcomes = await asyncio.gather(
        *(world.progress.one("acme", ENTRY, "", never) for _ in range(2))
    )
    assert {outcome.record.state for outcome in outcomes} == {"deleted"}
    [record] = (await world.records.read({"acme": ENTRY})).values()
    assert record.deleted["events_v1"] == record.total["events_v1"] == 5


@pytest.mark.parametrize("steps", [0, 1, 3, 7])
async def test_a_run_whose_time_is_over_is_continued(world: World, steps: int) -> None:
    fill(world)
    world.now += timedelta(minutes=12)
    left = [steps]

    def out_of_time() -> bool:
        left[0] -= 1
        return left[0] < 0

    with pytest.raises(OutOfTime):
        await world.progress.one("acme", ENTRY, "", out_of_time)
    done = await world.progress.one("acme", ENTRY, "", never)
    assert done.record.state == "deleted"
    assert done.record.deleted == done.record.total


async def test_people_under_holds_are_known_for_any_moment(world: World) -> None:
    """Events are overdue only some time after the end of a hold, so past holds must be known."""
    world.fill(
        "holds_v1",
        hold(HELD, "acme", released_at=(NOW - DAY).isoformat()),
        hold(FREE, "acme", until=(NOW - DAY).isoformat()),
        hold(HELD, "solo"),
    )
    partners = {"acme": ENTRY}

    assert not (await world.people.read(partners, NOW)).has_people_on_hold("acme")
    assert (await world.people.read(partners, NOW - 2 * DAY)).has_people_on_hold("acme")
    assert not (await world.people.read(partners, NOW)).has_people_on_hold("solo"), (
        "the test asked only about acme"
    )


async def test_rows_that_restored_tables_bring_back_are_deleted_again(world: World) -> None:
    """Sweeps stop looking at a partner's tables two days after the closing.

    A sweep after a restoration of tables looks again.
    """
    world.now += timedelta(minutes=12)
    await world.progress.one("acme", ENTRY, "", never)
    world.fill("events_v1", event("back", "acme"), event("others", "solo"))
    world.now += 2 * DAY
    later = Restored(NOW + DAY, world.now, "ops@operator.example")
    for restoration in (None, later):
        await world.progress.all({"acme": ENTRY}, never, restoration)
        assert world.rows("delivery_id", "events_v1") == [("back",), ("others",)]
    restored = Restored(NOW - DAY, world.now, "ops@operator.example")
    assert await world.progress.all({"acme": ENTRY}, never, restored) == {"acme": "deleted"}
    assert world.rows("delivery_id", "events_v1") == [("others",)]
