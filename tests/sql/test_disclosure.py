"""Look-ups and exports find the records of a person in the store."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from google.cloud import bigquery

from functions.warehouse.client import open_client
from functions.warehouse.schema import Warehouse
from functions.warehouse.statements import Statements
from tests.sql import event_rows

pytestmark = pytest.mark.cell

WAREHOUSE = Warehouse("local.chat_eu_store", "local.chat_eu")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Store:
    """The tables of the store, and the statements of the privacy function."""

    def __init__(self, client: bigquery.Client, rest: str) -> None:
        self._client = client
        self.statements = Statements(
            "privacy",
            lambda: open_client(rest, "local", "europe-west1"),
            WAREHOUSE.variables(),
            seconds=60,
        )

    def fill(self, table: str, rows: list[dict[str, Any]]) -> None:
        event_rows.fill(self._client, WAREHOUSE.store, table, rows)


@pytest.fixture
def store(empty_warehouse: bigquery.Client, stand_in: Any) -> Store:
    return Store(empty_warehouse, stand_in.rest)


def identity(user: str, seen: datetime = NOW - DAY, **other: Any) -> dict[str, Any]:
    return {
        "partner": "acme",
        "project": "dev",
        "user_key": f"key of {user}",
        "key_version": 1,
        "user_id": user,
        "nickname": f"nick of {user}",
        "first_seen": seen.isoformat(),
        "last_seen": seen.isoformat(),
    } | other


def erasure(user: str, until: datetime, status: str = "hidden", **other: Any) -> dict[str, Any]:
    return {
        "erasure_id": f"erasure of {user}",
        "partner": "acme",
        "project": "dev",
        "user_key": f"key of {user}",
        "source": "api",
        "mode": "grace",
        "treatment": "delete",
        "status": status,
        "cut_off": until.isoformat(),
        "due_at": (until + 28 * DAY).isoformat(),
        "hidden_key": f"hidden key of {user}",
        "day_salt": "salt",
        "copy_salt": "salt",
    } | other


def event(delivery: str, at: datetime, user: str | None = None, **other: Any) -> dict[str, Any]:
    return {
        "ingest_id": f"event {delivery}",
        "delivery_id": delivery,
        "received_at": at.isoformat(),
        "stored_at": at.isoformat(),
        "kind": "chat",
        "partner": "acme",
        "project": "dev",
        "catalogued": True,
        "user_key": f"key of {user}" if user else None,
    } | other


async def ids_of(store: Store, *keys: str) -> list[tuple[str, str]]:
    rows = await store.statements.rows(
        "find_identities", project="dev", user_keys=list(keys), now=NOW
    )
    return [(row["user_key"], row["user_id"]) for row in rows]


async def test_identities_are_found_once_within_their_project(store: Store) -> None:
    store.fill(
        "identities_v1",
        [
            identity("ann"),
            identity("ann", NOW),
            identity("ann", project="shop"),
            identity("bob"),
            identity("old", NOW - 300 * DAY),
        ],
    )

    assert await ids_of(store, "key of ann", "key of old", "key of nobody") == [
        ("key of ann", "ann")
    ]


@pytest.mark.parametrize(
    ("status", "seen", "told"),
    [
        ("hidden", NOW - DAY, []),
        ("hidden", NOW - HOUR, []),
        ("hidden", NOW - HOUR + timedelta(microseconds=1), ["ann"]),
        ("due", NOW - DAY, []),
        ("executed", NOW - DAY, []),
        ("executed", NOW, ["ann"]),
        ("restored", NOW - DAY, ["ann"]),
        ("restoration", NOW - DAY, ["ann"]),
    ],
)
async def test_people_with_an_erasure_are_not_found(
    store: Store, status: str, seen: datetime, told: list[str]
) -> None:
    store.fill("identities_v1", [identity("ann", seen)])
    store.fill(
        "erasures_v1",
        [
            erasure("ann", NOW - HOUR, status),
            erasure("ann", NOW - 9 * DAY, status),
            erasure("ann", NOW, project="shop"),
        ],
    )

    assert [user for _, user in await ids_of(store, "key of ann")] == told
    assert await ids_of(store, "hidden key of ann") == []


async def page(store: Store, at: datetime, delivery: str = "") -> list[Any]:
    return await store.statements.rows(
        "find_events_of_person",
        project="dev",
        user_keys=["key of ann", "older key of ann"],
        after_time=at,
        after_delivery=delivery,
        until=NOW,
    )


async def test_events_about_a_person_and_of_rooms_are_found_in_order(store: Store) -> None:
    speakers = {"speakers": ["key of bob", "older key of ann"]}
    store.fill(
        "events_v1",
        [
            event("5", NOW, "ann", extra='{"a": [1, "é"]}'),
            event("3", NOW - DAY, kind="room", room=speakers),
            event("2", NOW - DAY, "bob", kind="room", room=speakers),
            event("1", NOW - 9 * DAY, user_key="older key of ann"),
            event("6", NOW, "bob"),
            event("7", NOW, None, kind="room", room={"speakers": ["key of bob"]}),
            event("8", NOW, "ann", project="shop"),
            event("9", NOW + HOUR, "ann"),
        ],
    )
    rows = await page(store, NOW - 200 * DAY)

    assert [row["delivery_id"] for row in rows] == ["1", "2", "3", "5"]
    contents = [msgspec.json.decode(row["content"]) for row in rows]
    assert contents[3]["extra"] == {"a": [1, "é"]}
    assert contents[2]["room"]["speakers"] == ["key of bob", "older key of ann"]
    rest = await page(store, rows[1]["received_at"], rows[1]["delivery_id"])
    assert [row["delivery_id"] for row in rest] == ["3", "5"]


async def test_records_of_a_person_are_found_without_the_columns_that_protect_the_person(
    store: Store,
) -> None:
    store.fill("identities_v1", [identity("ann"), identity("bob"), identity("ann", project="shop")])
    store.fill("active_days_v1", [active_day("ann"), active_day("ann", 217), active_day("bob")])
    store.fill("erasures_v1", [erasure("ann", NOW), erasure("bob", NOW)])
    store.fill("holds_v1", [hold("ann", NOW + DAY), hold("bob", NOW + DAY)])
    rows = await store.statements.rows(
        "find_records_of_person", project="dev", user_keys=["key of ann"], now=NOW
    )

    found = {row["place"]: msgspec.json.decode(row["content"]) for row in rows}
    assert len(rows) == 5
    assert found["active_days_v1"]["rooms"] == [{"room_id": "r1", "has_sent": True}]
    assert found["identities_v1"]["nickname"] == "nick of ann"
    assert found["erasures_v1"]["status"] == "hidden"
    assert found["holds_v1"]["reason"] == "a dispute"
    text = "".join(row["content"] for row in rows)
    assert not [word for word in ("hidden key", "salt", "clerk@", "bob") if word in text]


def hold(user: str, until: datetime, released: datetime | None = None) -> dict[str, Any]:
    return {
        "hold_id": f"hold of {user}",
        "partner": "acme",
        "project": "dev",
        "user_key": f"key of {user}",
        "reason": "a dispute",
        "filed_at": (NOW - 300 * DAY).isoformat(),
        "filed_by": "clerk@acme.example",
        "until": until.isoformat(),
        "released_at": released.isoformat() if released else None,
    }


def active_day(user: str, days_ago: int = 0) -> dict[str, Any]:
    day = NOW.date() - days_ago * DAY
    acts = ("has_sent", "has_opened", "has_taken_part", "has_asked", "has_accepted")
    return dict.fromkeys(acts, True) | {
        "partner": "acme",
        "project": "dev",
        "day": day.isoformat(),
        "user_key": f"key of {user}",
        "until": f"{day}T23:59:59.999999Z",
        "is_anonymised": False,
        "rooms": [{"room_id": "r1", "has_sent": True}],
    }


async def overdue(store: Store) -> dict[str, tuple[int, datetime]]:
    rows = await store.statements.rows(
        "find_overdue",
        stored_since=NOW - 217 * DAY,
        extra_since=NOW - 32 * DAY,
        due_since=NOW - DAY,
        holds_over_since=NOW - 31 * DAY,
    )
    return {row["place"]: (row["overdue"], row["oldest"]) for row in rows}


async def test_rows_older_than_the_retention_are_found(store: Store) -> None:
    old = NOW - 217 * DAY - HOUR
    store.fill(
        "events_v1",
        [
            event("1", old, "ann", extra='{"a": 1}'),
            event("2", old - DAY, "ann"),
            event("3", NOW - 217 * DAY, "ann"),
            event("4", NOW - 33 * DAY, "ann", extra='{"a": 1}'),
            event("5", NOW - 31 * DAY, "ann", extra='{"a": 1}'),
            event("6", old, kind="room"),
            event("7", NOW - 34 * DAY, kind="room", extra='{"a": 1}'),
            event("8", NOW - 31 * DAY, kind="room", extra='{"a": 1}'),
        ],
    )
    store.fill("active_days_v1", [active_day("ann", number) for number in (216, 217, 218, 219)])
    store.fill("identities_v1", [identity("ann", old), identity("bob")])
    store.fill(
        "erasures_v1",
        [
            erasure("ann", NOW - 31 * DAY, due_at=(NOW - 2 * DAY).isoformat()),
            erasure("bob", NOW - 31 * DAY, due_at=(NOW - HOUR).isoformat()),
            erasure("held", NOW - 31 * DAY, due_at=(NOW - 9 * DAY).isoformat()),
            erasure("eve", old, "executed", expires_at=(NOW - 2 * DAY).isoformat()),
            erasure("old", old, "executed", expires_at=(NOW + DAY).isoformat()),
            erasure("back", old, "restored"),
        ],
    )
    store.fill(
        "holds_v1",
        [
            hold("held", NOW + DAY),
            hold("over", NOW - 40 * DAY),
            hold("released", NOW + DAY, NOW - 50 * DAY),
            hold("fresh", NOW - DAY),
        ],
    )

    assert await overdue(store) == {
        "events_v1": (2, old - DAY),
        "events_v1.extra": (1, NOW - 33 * DAY),
        "room_events_v1": (1, old),
        "room_events_v1.extra": (1, NOW - 34 * DAY),
        "active_days_v1": (2, (NOW - 219 * DAY).replace(hour=0)),
        "identities_v1": (1, old),
        "erasures that are due": (1, NOW - 2 * DAY),
        "erasures_v1": (1, NOW - 2 * DAY),
        "holds_v1": (2, NOW - 50 * DAY),
    }


async def test_holds_that_ended_long_ago_are_deleted(store: Store) -> None:
    store.fill(
        "holds_v1",
        [hold("now", NOW), hold("over", NOW - 30 * DAY), hold("released", NOW, NOW - 31 * DAY)],
    )

    for changed in (2, 0):
        assert (
            await store.statements.change("delete_expired_holds", over_since=NOW - 30 * DAY)
            == changed
        )
