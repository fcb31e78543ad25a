"""The views of events show the same rows as earlier, simpler versions of them.

The earlier versions are in ``one_table/``. They read one table with all events, and compare all
rows of the open window. The test stores random events: copies by Pub/Sub, retries of senders at
other moments, late rows, and erasures in every state.
"""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from google.cloud import bigquery

from functions.warehouse.schema import View, Warehouse
from local.warehouse import create_datasets, replace_views
from tests.sql import new_year
from tests.sql.new_year import NOW, WAREHOUSE
from tests.sql.stand_in import LOCATION
from tests.sql.test_views import ERASURE, canonical

pytestmark = pytest.mark.cell

FOLDER = Path(__file__).parent / "one_table"
ONE_TABLE = Warehouse(WAREHOUSE.store, "local.one_table")
EVENTS = 250
DAY = timedelta(days=1)
USERS = [f"user {number}" for number in range(6)]
NAMES: dict[str, list[str | None]] = {
    "chat": ["message_sent", "emoji_sent"],
    "room": ["room_created", "room_updated", "room_speakers_updated", "room_deleted"],
    "test": [None],
}


def events(random: Random) -> Iterator[dict[str, Any]]:
    """Make the rows of some events, each with its copies and retries."""
    for number in range(EVENTS):
        kind = random.choice(["chat", "chat", "room", "test"])
        ago = random.choice([0.1, 1, 4, 8, 9.5, 40]) * DAY * random.uniform(0.9, 1.1)
        is_numbered = random.random() < 0.5
        own = uuid.UUID(int=random.getrandbits(128), version=4)
        row = {
            "ingest_id": str(own) if is_numbered else f"{str(own)[:14]}7{str(own)[15:]}",
            "kind": kind,
            "partner": "acme",
            "project": random.choice(["dev", "dev", "shop"]),
            "event": random.choice(NAMES[kind]),
            "catalogued": True,
            "room_id": random.choice(["a", "b", None]),
            "user_key": random.choice([*USERS, None]) if kind == "chat" else None,
            "room": room(random) if kind == "room" else None,
        }
        moments = [NOW - ago]
        if is_numbered and random.random() < 0.5:
            moments += [NOW - ago + random.uniform(0, 7) * DAY for _ in range(2)]
        for at in filter(NOW.__ge__, moments):
            for copy in range(random.choice([1, 1, 2, 3])):
                yield row | {
                    "delivery_id": f"{random.getrandbits(32)}-{number}-{copy}",
                    "received_at": at.isoformat(),
                    "stored_at": (at + random.choice([0, 2]) * DAY).isoformat(),
                    "source": random.choice(["room", "popup", None]),
                }


def room(random: Random) -> dict[str, Any]:
    speakers = random.sample(USERS, random.choice([0, 1, 3]))
    return {
        "name": random.choice([None, "Final", "Grand final"]),
        "status": random.choice([None, "live"]),
        "speakers": speakers,
        "speaker_count": len(speakers) or random.choice([0, None]),
    }


def erasures(random: Random) -> Iterator[dict[str, Any]]:
    states = ["hidden", "due", "executed", "restored", "restoration"]
    for number, user in enumerate([*USERS, *USERS[:3]]):
        status = states[number % len(states)]
        yield ERASURE | {
            "erasure_id": f"e{number}",
            "project": random.choice(["dev", "shop"]),
            "user_key": user,
            "status": status,
            "cut_off": (NOW - random.uniform(0, 12) * DAY).isoformat(),
            "due_at": (NOW + DAY).isoformat(),
            "hidden_key": f"hidden {number}" if status in {"hidden", "due"} else None,
        }


@pytest.fixture(scope="module")
def views_before(warehouse: bigquery.Client) -> None:
    """Create the earlier versions of the views in their own dataset."""
    create_datasets(warehouse, ONE_TABLE, LOCATION)
    texts = {file.stem: file.read_text() for file in sorted(FOLDER.glob("*.sql"))}
    views = [
        View(name, text.replace("CURRENT_TIMESTAMP()", f"TIMESTAMP '{NOW}'"), frozenset())
        for name, text in texts.items()
    ]
    replace_views(warehouse, ONE_TABLE, views)


@pytest.mark.parametrize("seed", [1, 2])
def test_views_show_the_same_events(
    as_of_new_year: bigquery.Client, views_before: None, seed: int
) -> None:
    client, random = as_of_new_year, Random(seed)
    new_year.insert(client, "events_v1", list(events(random)))
    new_year.insert(client, "erasures_v1", list(erasures(random)))
    for view in ("events", "rooms", "test_deliveries"):
        shown, before = (
            canonical(new_year.query(client, f"SELECT * FROM `{dataset}.{view}`"))
            for dataset in (WAREHOUSE.bi, ONE_TABLE.bi)
        )
        assert shown == before, view
        assert shown
