"""The endpoint of erasures refuses malformed requests, and reports failures."""

from typing import Any

import httpx
import msgspec
import pytest

from functions.privacy.requests.request import MAX_BODY_BYTES
from functions.warehouse.statements import StatementFailed
from tests.fakes.statements import Statements
from tests.fakes.sweep import Sweep
from tests.unit.privacy.front import ERASURE, OFFICER, Front

ERASURE_ID = "01a2052a-7b41-713e-b268-a56c50884283"


def statements(failing: str = "") -> Statements:
    """Return statements in which one fails, and the others find and change nothing."""
    statements = Statements(changed=0)
    statements.answers["find_earlier_cut_off"] = [{"since": None, "erasure_ids": None}]
    statements.failing = {failing}
    return statements


def entry(status: str) -> dict[str, Any]:
    """Return the row of the erasure log for one erasure."""
    texts = dict.fromkeys(("partner", "project", "source", "treatment"), "dev")
    times = dict.fromkeys(("cut_off", "due_at", "executed_at", "expires_at"))
    counts = dict.fromkeys(("hidden", "due", "executed", "restored", "on_hold"), 0)
    known = {"erasure_id": ERASURE_ID, "mode": "grace", "status": status}
    return known | texts | times | counts | {status: 1}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        msgspec.json.encode(ERASURE | {"mode": "at once"}),
        msgspec.json.encode(ERASURE | {"rows": "keep"}),
        msgspec.json.encode(ERASURE | {"dryrun": True}),
        msgspec.json.encode(ERASURE | {"project": ""}),
        msgspec.json.encode(ERASURE | {"people": []}),
        msgspec.json.encode(ERASURE | {"people": [{"ids": []}]}),
        msgspec.json.encode(ERASURE | {"people": [{"ids": [""]}]}),
        msgspec.json.encode(ERASURE | {"people": [{"ids": ["secret-id"] * 21}]}),
        msgspec.json.encode(ERASURE | {"people": [{"ids": ["secret-id"]}] * 5_001}),
        msgspec.json.encode(ERASURE | {"people": ["secret-id"]}),
        msgspec.json.encode(ERASURE | {"mode": "secret-id"}),
    ],
)
async def test_a_malformed_request_is_400_and_quotes_no_id(body: bytes) -> None:
    answer = await Front(statements()).post("/erasures", body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret-id" not in answer.text


async def test_the_largest_request_is_read_and_a_larger_one_is_not() -> None:
    front = Front(statements("file_erasure"))
    ids = [{"ids": [f"{number:05}-{of:02}" + 100 * "x" for of in range(20)]} for number in range(5)]
    people = ids * 1_000
    assert (await front.post("/erasures", ERASURE | {"people": people})).status_code == 503
    answer = await front.post("/erasures", b" " * (MAX_BODY_BYTES + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "statement",
    ["find_earlier_cut_off", "file_erasure", "find_earlier_erasures", "add_receipts"],
)
async def test_an_erasure_that_may_not_be_filed_is_503(statement: str) -> None:
    answer = await Front(statements(statement)).post("/erasures", ERASURE)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert answer.json()["title"] == f"Not finished: {statement}"


async def test_an_erasure_that_the_sweep_did_not_finish_is_202(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runner = statements()
    runner.answers["list_erasures"] = [entry("hidden")]
    front = Front(runner, Sweep(failure=StatementFailed("delete_events", "Conflict")))
    answer = await front.post("/erasures", ERASURE | {"mode": "immediate"})
    assert answer.status_code == 202
    assert '"failed":"delete_events"' in capsys.readouterr().out


async def test_a_restoration_during_which_a_sweep_begins_the_erasure_is_409() -> None:
    runner = statements()
    runner.answers["list_erasures"] = lambda **_: [entry("due" if runner.changes else "hidden")]
    answer = await Front(runner).ask("DELETE", f"/erasures/{ERASURE_ID}", b"")
    assert answer.status_code == 409


@pytest.mark.parametrize("query", ["status=open", "user=ann", "project=dev&page=2"])
async def test_unknown_parameters_are_400(query: str) -> None:
    answer: httpx.Response = await Front(statements()).ask("GET", f"/erasures?{query}", b"")
    assert answer.status_code == 400


async def test_without_the_partner_of_the_project_the_answer_is_an_error() -> None:
    front = Front(statements(), owner=None)
    assert (await front.post("/erasures", ERASURE)).status_code == 422
    front = Front(statements("find_owners"))
    assert (await front.post("/erasures", ERASURE)).status_code == 503


async def test_without_permissions_the_answer_is_an_error() -> None:
    front = Front(statements(), permitted=False)
    assert (await front.post("/erasures", ERASURE, OFFICER)).status_code == 503
