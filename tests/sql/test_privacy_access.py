"""A caller of a partner reaches only the projects of this partner, in every operation."""

from datetime import timedelta
from typing import Any

import pytest
from google.cloud import bigquery

from tests.fakes.sweep import Sweep
from tests.sql.new_year import NOW, WAREHOUSE
from tests.sql.privacy_desk import (
    NOBODY,
    OFFICER,
    PARTNER,
    PUSH,
    SCHEDULER,
    Desk,
    open_desk,
)
from tests.sql.stand_in import StandIn

pytestmark = pytest.mark.cell

UNTIL = str(NOW + timedelta(days=1))


@pytest.fixture
def desk(empty_warehouse: bigquery.Client, stand_in: StandIn) -> Desk:
    return open_desk(stand_in.rest, WAREHOUSE, NOW, Sweep())


def erasure(project: str, **other: Any) -> dict[str, Any]:
    return {"project": project, "people": [{"ids": ["ann"]}]} | other


def hold(project: str) -> dict[str, Any]:
    return {"project": project, "ids": ["ann"], "reason": "A suit", "until": UNTIL}


@pytest.mark.parametrize("email", [PARTNER, NOBODY, SCHEDULER, PUSH])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/erasures", erasure("other")),
        ("/erasures", erasure("other", mode="immediate")),
        ("/erasures", erasure("other", dry_run=True)),
        ("/erasures", erasure("no such project")),
        ("/holds", hold("other")),
    ],
)
async def test_a_caller_cannot_file_for_projects_of_others(
    desk: Desk, email: str, path: str, body: dict[str, Any]
) -> None:
    answer = await desk.ask("POST", path, body, email)
    assert (answer.status_code, answer.json()["title"]) == (
        403,
        "`project` must be one of your projects",
    )
    assert desk.statements.watch.ran == []


@pytest.mark.parametrize("email", [PARTNER, NOBODY, SCHEDULER, PUSH])
async def test_a_caller_cannot_see_restore_or_release_records_of_others(
    desk: Desk, email: str
) -> None:
    filed = (await desk.ask("POST", "/erasures", erasure("other"))).json()
    kept = (await desk.ask("POST", "/holds", hold("other"))).json()
    for method in ("GET", "DELETE"):
        answer = await desk.ask(method, f"/erasures/{filed['erasure_id']}", email=email)
        assert answer.status_code == 404
    answer = await desk.ask("DELETE", f"/holds/{kept['hold_id']}", email=email)
    assert answer.status_code == 404
    assert (await desk.ask("GET", "/erasures", email=email)).json() == {"erasures": []}
    asked = await desk.ask("GET", "/erasures?project=other", email=email)
    assert asked.status_code == 403
    assert (await desk.ask("GET", "/holds", email=email)).json() == {"holds": []}
    unchanged = await desk.ask("GET", f"/erasures/{filed['erasure_id']}", email=OFFICER)
    assert unchanged.json()["status"] == "hidden"
    [still] = (await desk.ask("GET", "/holds")).json()["holds"]
    assert still["released_at"] is None


async def test_a_partner_may_do_all_operations_for_its_own_projects(desk: Desk) -> None:
    filed = await desk.ask("POST", "/erasures", erasure("dev"), PARTNER)
    kept = await desk.ask("POST", "/holds", hold("shop"), PARTNER)
    assert (filed.status_code, kept.status_code) == (202, 201)
    path = f"/erasures/{filed.json()['erasure_id']}"
    assert (await desk.ask("GET", path, email=PARTNER)).status_code == 200
    assert (await desk.ask("DELETE", path, email=PARTNER)).status_code == 200
    path = f"/holds/{kept.json()['hold_id']}"
    assert (await desk.ask("DELETE", path, email=PARTNER)).status_code == 200
    dry = await desk.ask("POST", "/erasures", erasure("shop", dry_run=True), PARTNER)
    assert dry.status_code == 200


@pytest.mark.parametrize(
    "path", ["/erasures/1", "/erasures/00000000-0000-0000-0000-000000000000", "/holds/1"]
)
async def test_malformed_ids_are_not_found(desk: Desk, path: str) -> None:
    assert (await desk.ask("DELETE", path)).status_code == 404
