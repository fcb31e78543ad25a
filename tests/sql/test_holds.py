"""Legal holds are filed, listed and released."""

from datetime import timedelta
from typing import Any

import pytest
from google.cloud import bigquery

from tests.fakes.sweep import Sweep
from tests.sql.new_year import NOW, WAREHOUSE
from tests.sql.privacy_desk import OFFICER, PARTNER, Desk, open_desk
from tests.sql.stand_in import StandIn

pytestmark = pytest.mark.cell

DAY = timedelta(days=1)
HOLD = {"project": "dev", "ids": ["ann", "anne"], "reason": "A suit", "until": str(NOW + 9 * DAY)}


@pytest.fixture
def desk(empty_warehouse: bigquery.Client, stand_in: StandIn) -> Desk:
    return open_desk(stand_in.rest, WAREHOUSE, NOW, Sweep())


async def listed(desk: Desk, email: str = OFFICER) -> list[dict[str, Any]]:
    holds: list[dict[str, Any]] = (await desk.ask("GET", "/holds", email=email)).json()["holds"]
    return holds


async def test_a_hold_is_filed_listed_and_released(desk: Desk) -> None:
    filed = await desk.ask("POST", "/holds", HOLD, PARTNER)
    hold = filed.json()
    assert (filed.status_code, hold["user_keys"], hold["filed_by"]) == (201, 4, PARTNER)
    assert await listed(desk, PARTNER) == [hold]
    released = (await desk.ask("DELETE", f"/holds/{hold['hold_id']}", email=PARTNER)).json()
    assert released == hold | {"released_at": "2027-01-03T12:00:02Z"}
    again = await desk.ask("DELETE", f"/holds/{hold['hold_id']}", email=PARTNER)
    assert again.json() == released


async def test_the_same_request_again_is_the_same_hold_until_it_is_released(desk: Desk) -> None:
    first, second = [(await desk.ask("POST", "/holds", HOLD)).json() for _ in range(2)]
    assert first == second
    await desk.ask("DELETE", f"/holds/{first['hold_id']}")
    third = (await desk.ask("POST", "/holds", HOLD)).json()
    assert [hold["hold_id"] for hold in await listed(desk)] == [
        third["hold_id"],
        first["hold_id"],
    ]


async def test_an_erasure_of_a_person_under_a_hold_is_filed_and_waits(desk: Desk) -> None:
    await desk.ask("POST", "/holds", HOLD)
    entry = (await desk.erase("ann", "bob", mode="immediate")).json()
    assert (entry["status"], entry["on_hold"], entry["user_keys"]) == ("hidden", 2, {"hidden": 4})


async def test_holds_have_receipts(desk: Desk, empty_warehouse: bigquery.Client) -> None:
    hold = (await desk.ask("POST", "/holds", HOLD)).json()
    await desk.ask("DELETE", f"/holds/{hold['hold_id']}")
    sql = (
        "SELECT operation, reference, requested_by, TO_JSON_STRING(detail) AS detail "
        f"FROM `{WAREHOUSE.store}.receipts_v1` "
        "WHERE recorded_at > '2000-01-01' ORDER BY recorded_at"
    )
    noted = [tuple(row.values()) for row in empty_warehouse.query(sql).result()]
    assert [row[:3] for row in noted] == [
        ("hold", hold["hold_id"], OFFICER),
        ("release", hold["hold_id"], OFFICER),
    ]
    assert "A suit" in noted[0][3]
    assert "ann" not in "".join(row[3] for row in noted)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"until": str(NOW - DAY)}, 422),
        ({"until": "2028-01-01T00:00:00"}, 400),
        ({"ids": []}, 400),
        ({"reason": ""}, 400),
        ({"reason": "the case of u-1003", "ids": ["u-1003"]}, 400),
        ({"people": []}, 400),
        ({"project": "elsewhere"}, 422),
    ],
)
async def test_an_invalid_hold_is_refused(desk: Desk, change: dict[str, Any], code: int) -> None:
    assert (await desk.ask("POST", "/holds", HOLD | change)).status_code == code
    assert await listed(desk) == []
