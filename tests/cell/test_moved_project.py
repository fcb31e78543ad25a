"""A running cell still answers privacy requests for a project that is now in another cell."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from local import query
from local.cell import CELL, PARTNER, PARTNER_PROJECTS, Cell
from local.clients import warehouse
from tests.cell.running import PATIENCE_SECONDS
from tests.sql import event_rows

pytestmark = pytest.mark.cell

MOVED = next(project for project, cell in PARTNER_PROJECTS.items() if cell != CELL)
IN_NO_SETTING = "of-long-ago"


@pytest.fixture(scope="module")
def officer(description: dict[str, Any]) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=description["privacy"], timeout=PATIENCE_SECONDS, trust_env=False
    ) as client:
        yield client


def store(cell: Cell, table: str, row: dict[str, Any]) -> None:
    event_rows.fill(warehouse(cell), cell.store_dataset, table, [row])


def event(project: str, user_key: str | None = None) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat()
    return {
        "ingest_id": f"{project} {user_key}",
        "delivery_id": f"{project} {user_key}",
        "received_at": at,
        "stored_at": at,
        "kind": "chat",
        "partner": PARTNER,
        "project": project,
        "event": "message_sent",
        "catalogued": True,
        "user_key": user_key,
    }


@pytest.mark.soak
@pytest.mark.parametrize("project", [MOVED, IN_NO_SETTING])
def test_people_of_a_moved_project_are_looked_up_exported_and_erased(
    officer: httpx.Client, cell: Cell, project: str
) -> None:
    lookup = {"project": project, "reason": "a test", "ids": ["ann"]}
    assert officer.post("/lookups", json=lookup).status_code == 422, "the cell has no data of it"
    store(cell, "events_v1", event(project))
    [person] = officer.post("/lookups", json=lookup).raise_for_status().json()["people"]
    [user_key] = person["user_keys"]
    store(cell, "events_v1", event(project, user_key))
    at = datetime.now(UTC).isoformat()
    known = {"partner": PARTNER, "project": project, "user_key": user_key, "key_version": 1}
    seen = {"user_id": "ann", "first_seen": at, "last_seen": at}
    store(cell, "identities_v1", known | seen)

    export = officer.post("/exports", json={"project": project, "ids": ["ann"]}).json()
    assert export["records"] | {"erasures_v1": 0} == {
        "retained": 0,
        "dead_letters": 0,
        "identities_v1": 1,
        "events_v1": 1,
        "erasures_v1": 0,
    }
    people = {"project": project, "people": [{"ids": ["ann"]}], "mode": "immediate"}
    erased = officer.post("/erasures", json=people)
    assert (erased.status_code, erased.json()["partner"]) == (200, PARTNER)
    left = f"""SELECT user_key FROM {cell.store_dataset}.events_v1
        WHERE received_at > TIMESTAMP '2000-01-01' AND project = '{project}'"""
    assert query.rows(cell, left) == [{"user_key": None}]
