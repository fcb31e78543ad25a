"""Privacy requests for projects that moved to another cell, or that no setting names any more."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from google.cloud import bigquery

from functions.secrets.permissions import Permissions
from tests.fakes.sweep import Sweep
from tests.sql.new_year import NOW, WAREHOUSE, insert, query
from tests.sql.privacy_desk import (
    OFFICER,
    PARTNER,
    PERMISSIONS,
    Desk,
    key,
    open_desk,
)
from tests.sql.stand_in import StandIn

pytestmark = pytest.mark.cell

MOVED = msgspec.structs.replace(PERMISSIONS, projects=["shop", "other"])
"""The permissions that Terraform writes after ``dev`` is pinned to another cell."""

GONE = Permissions(["other"], [OFFICER], owners={"other": "rival"})
"""The permissions that Terraform writes after the partner is removed from the variables."""


@pytest.fixture
def desk(empty_warehouse: bigquery.Client, stand_in: StandIn) -> Desk:
    return open_desk(stand_in.rest, WAREHOUSE, NOW, Sweep())


def person(partner: str = "acme", **other: Any) -> dict[str, Any]:
    seen = {"first_seen": str(NOW), "last_seen": str(NOW)}
    known = {"partner": partner, "project": "dev", "user_key": key("ann"), "key_version": 2}
    return known | seen | {"user_id": "ann"} | other


def room(partner: str) -> dict[str, Any]:
    stamps = {"received_at": str(NOW), "stored_at": str(NOW)}
    known = {"ingest_id": "i", "delivery_id": "d", "kind": "room", "catalogued": True}
    return known | stamps | {"partner": partner, "project": "dev"}


def filed(client: bigquery.Client) -> list[Mapping[str, Any]]:
    sql = f"SELECT partner, project FROM {WAREHOUSE.store}.erasures_v1"
    return [*query(client, sql)]


@pytest.mark.parametrize(
    ("permissions", "email"),
    [(MOVED, OFFICER), (MOVED, PARTNER), (GONE, OFFICER), (PERMISSIONS, PARTNER)],
    ids=["moved", "moved, its partner", "in no setting", "moved back, its partner"],
)
async def test_people_of_a_moved_project_can_be_erased_held_and_looked_up(
    desk: Desk, empty_warehouse: bigquery.Client, permissions: Permissions, email: str
) -> None:
    desk.permissions = permissions
    insert(empty_warehouse, "identities_v1", [person()])

    dry = await desk.erase("ann", email=email, dry_run=True)
    assert dry.json()["identities_v1"] == {"rows": 1}
    answer = await desk.erase("ann", email=email)
    assert (answer.status_code, answer.json()["partner"]) == (202, "acme")
    path = f"/erasures/{answer.json()['erasure_id']}"
    assert (await desk.ask("GET", path, email=email)).status_code == 200
    [listed] = (await desk.ask("GET", "/erasures?project=dev", email=email)).json()["erasures"]
    assert listed["project"] == "dev"
    hold = {"project": "dev", "ids": ["ann"], "reason": "A suit", "until": "2028-01-01T00:00:00Z"}
    kept = await desk.ask("POST", "/holds", hold, email)
    assert (kept.status_code, kept.json()["partner"]) == (201, "acme")
    assert len((await desk.ask("GET", "/holds", email=email)).json()["holds"]) == 1
    path_of_hold = f"/holds/{kept.json()['hold_id']}"
    assert (await desk.ask("DELETE", path_of_hold, email=email)).status_code == 200
    assert (await desk.ask("DELETE", path, email=email)).json()["status"] == "restored"


@pytest.mark.parametrize("email", [OFFICER, PARTNER])
async def test_a_project_without_data_here_is_refused(desk: Desk, email: str) -> None:
    desk.permissions = MOVED
    answer = await desk.erase("ann", email=email)
    assert (answer.status_code, answer.json()["title"]) == (
        422,
        "`project` must be pinned to this cell, or have data in the tables here",
    )


async def test_a_project_with_only_room_events_is_found_in_the_events(
    desk: Desk, empty_warehouse: bigquery.Client
) -> None:
    desk.permissions = MOVED
    insert(empty_warehouse, "events_v1", [room("acme")])
    assert (await desk.erase("ann", email=PARTNER)).status_code == 202


async def test_a_partner_does_not_reach_people_of_an_earlier_partner_of_the_project(
    desk: Desk, empty_warehouse: bigquery.Client
) -> None:
    insert(empty_warehouse, "identities_v1", [person("former")])
    for email in (PARTNER, OFFICER):
        for mode in ("grace", "immediate"):
            assert (await desk.erase("ann", email=email, mode=mode)).status_code == 409
    desk.permissions = MOVED
    assert (await desk.erase("ann", email=PARTNER)).status_code == 403
    assert filed(empty_warehouse) == []
    assert (await desk.erase("ann", email=OFFICER)).status_code == 202
    assert filed(empty_warehouse) == [{"partner": "former", "project": "dev"}] * 2
    for path in ("/erasures", "/erasures?project=dev"):
        listed = await desk.ask("GET", path, email=PARTNER)
        assert listed.json() == {"erasures": []}, "only operators see those of the former partner"
