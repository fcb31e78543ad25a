"""The report on residency checks every place. An unknown location is a failure.

People get the report as a page.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from functions.locations.check import Google
from functions.locations.parts import Datasets, Endpoints, Parts
from functions.privacy.reports.residency import Promise, Residency
from functions.privacy.requests.caller import Caller
from functions.warehouse.statements import StatementFailed
from functions.web.problem import ProblemError
from tests.fakes.google import DATASETS, REGION, SECRETS, TOPICS, Answer, Served, healthy, serving
from tests.fakes.statements import Statements
from tests.unit.privacy.disclosure import (
    ANN,
    NOW,
    OPERATOR,
    PUSH,
    SCHEDULER,
    body_of,
    reading,
    receipts_of,
    request_by,
)

PARTS = Parts(TOPICS, SECRETS, ("local-chat-eu",), Datasets("chat_eu_store", "chat_eu"))
TABLES = {
    f"{DATASETS}/chat_eu_store/tables?maxResults=1000": Answer(
        200, {"tables": [{"tableReference": {"tableId": "events_v1"}, "type": "TABLE"}]}
    ),
    f"{DATASETS}/chat_eu_store/tables/events_v1": Answer(200, {"location": REGION}),
    f"{DATASETS}/chat_eu/tables?maxResults=1000": Answer(200, {}),
}


def residency(
    statements: Statements, at: Served, region: str = REGION, *, gdpr: bool = True
) -> Residency:
    endpoints = Endpoints(at.rest, at.grpc, at.rest, at.rest)
    promise = Promise(lambda: Google(endpoints, "local"), PARTS, region, gdpr=gdpr)
    return Residency(
        promise,
        cell="eu",
        receipts=receipts_of(statements),
        now=lambda: NOW,
        new_id=lambda: "check-1",
    )


@pytest.fixture
def statements() -> Statements:
    return reading()


async def test_a_cell_in_its_region_keeps_the_promise(statements: Statements) -> None:
    with serving(healthy() | TABLES) as at:
        answer = body_of(await residency(statements, at).ask(request_by(OPERATOR)))

    assert answer["ok"] is True
    assert answer["counts"] == {"holds": 9, "fails": 0, "unknown": 0}
    assert (answer["cell"], answer["location"], answer["gdpr"]) == ("eu", REGION, True)
    assert datetime.fromisoformat(answer["asked_at"]) == datetime(2026, 11, 22, 12, tzinfo=UTC)
    kinds = [place["kind"] for place in answer["places"]]
    assert kinds == [
        "region", "topic", "topic", "secret", "secret", "bucket", "dataset", "dataset", "table",
    ]  # fmt: skip


async def test_a_place_that_cannot_be_checked_is_not_ok(statements: Statements) -> None:
    refusing = {f"/v1/{SECRETS[0]}": Answer(403, {})}
    with serving(healthy() | TABLES | refusing) as at:
        answer = body_of(await residency(statements, at).ask(request_by(OPERATOR)))

    assert answer["ok"] is False
    assert answer["counts"] == {"holds": 8, "fails": 0, "unknown": 1}
    assert statements.receipts[0]["detail"]["counts"] == answer["counts"]


async def test_a_promise_of_the_european_union_needs_a_region_in_it(statements: Statements) -> None:
    london = "europe-west2"
    moved = json.loads(json.dumps(healthy() | TABLES).replace(REGION, london))
    answers = {path: Answer(*answer) for path, answer in moved.items()}
    answers["/storage/v1/b/local-chat-eu"] = Answer(200, {"location": london})
    with serving(answers) as at:
        promised = body_of(await residency(statements, at, london).ask(request_by(OPERATOR)))
        other = body_of(
            await residency(statements, at, london, gdpr=False).ask(request_by(OPERATOR))
        )

    assert [place["name"] for place in promised["places"] if place["state"] != "holds"] == [london]
    assert other["ok"] is True


async def test_people_get_a_page_without_script_and_without_anything_from_elsewhere(
    statements: Statements,
) -> None:
    hostile = {"/storage/v1/b/local-chat-eu": Answer(200, {"location": "<script>US"})}
    with serving(healthy() | TABLES | hostile) as at:
        answer = await residency(statements, at).ask(request_by(OPERATOR, accept="text/html,*/*"))
    page = bytes(answer.body).decode()

    assert answer.media_type == "text/html"
    assert "Not everything is known to be as promised: 1 not as promised" in page
    assert "is in &lt;script&gt;US" in page
    assert not re.search(r"<script|<link|<img|https?://|url\(", page)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"


async def test_a_page_says_when_all_is_well(statements: Statements) -> None:
    with serving(healthy() | TABLES) as at:
        answer = await residency(statements, at).ask(request_by(OPERATOR, accept="text/html"))
    page = bytes(answer.body).decode()

    assert "All 9 places are as promised." in page
    assert "nowhere else. That region must be in the European Union.\nThe table shows" in page
    assert "22 November 2026, 12:00 UTC" in page
    assert "check-1" in page


async def test_every_check_leaves_a_receipt(statements: Statements) -> None:
    with serving(healthy() | TABLES) as at:
        await residency(statements, at).ask(request_by(OPERATOR))

    [receipt] = statements.receipts
    assert receipt == {
        "receipt_id": "check-1/residency",
        "operation": "residency",
        "reference": "check-1",
        "detail": {
            "ok": True,
            "location": REGION,
            "gdpr": True,
            "counts": {"holds": 9, "fails": 0, "unknown": 0},
        },
        "partner": "",
        "project": "",
        "requested_by": "op@cell.example",
        "people": None,
    }


async def test_without_a_receipt_there_is_no_answer(statements: Statements) -> None:
    statements.failing.add("add_receipts")
    with serving(healthy() | TABLES) as at, pytest.raises(StatementFailed):
        await residency(statements, at).ask(request_by(OPERATOR))


@pytest.mark.parametrize("caller", [ANN, SCHEDULER, PUSH])
async def test_only_operators_may_ask(statements: Statements, caller: Caller) -> None:
    nowhere = Served("http://127.0.0.1:1", "http://127.0.0.1:1")
    with pytest.raises(ProblemError) as refused:
        await residency(statements, nowhere).ask(request_by(caller))
    assert refused.value.status == 403
    assert statements.runs == []


def test_what_terraform_says_of_the_parts_is_understood() -> None:
    said_there: dict[str, Any] = {
        "region": REGION,
        "topics": list(TOPICS),
        "secrets": list(SECRETS),
        "buckets": ["b"],
        "datasets": {"store": "s", "bi": "b", "partners": {"acme": "b_acme"}},
        "endpoints": {},
    }
    parts = msgspec.json.decode(msgspec.json.encode(said_there), type=Parts)
    assert parts.datasets.partners == {"acme": "b_acme"}
