"""Erasures without a warehouse: what is refused, and what happens when something fails."""

from collections.abc import Sequence
from typing import Any

import httpx
import msgspec
import pytest

from functions.privacy.requests.request import MAX_BODY_BYTES
from functions.warehouse.parameters import Parameter
from functions.warehouse.statements import StatementFailed
from tests.unit.privacy.front import ERASURE, OFFICER, Front


class Failing:
    """Statements of which one fails; the others find and change nothing."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def rows(self, name: str, **parameters: Parameter) -> list[Any]:
        self._check(name)
        return [{"since": None}] if name == "find_earlier_cut_off" else []

    async def change(self, name: str, **parameters: Parameter) -> int:
        self._check(name)
        return 0

    def _check(self, name: str) -> None:
        if name == self._name:
            raise StatementFailed(name, "BadRequest")


class Found(Failing):
    """Statements that find one erasure, which waits."""

    def __init__(self, name: str = "") -> None:
        super().__init__(name)
        self.status = "hidden"

    async def rows(self, name: str, **parameters: Parameter) -> list[Any]:
        if name != "list_erasures":
            return await super().rows(name, **parameters)
        text = dict.fromkeys(("partner", "project", "source", "treatment"), "dev")
        times = dict.fromkeys(("cut_off", "due_at", "executed_at", "expires_at"))
        counts = dict.fromkeys(("hidden", "due", "executed", "restored", "on_hold"), 0)
        known = {"erasure_id": parameters["erasure_id"], "mode": "grace", "status": self.status}
        return [known | text | times | counts | {self.status: 1}]


class FailingExecutor:
    """A sweep in which a statement fails."""

    async def run(self, erasure_ids: Sequence[str] | None = None) -> None:
        raise StatementFailed("delete_events", "Conflict")


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
    answer = await Front(Failing("")).post("/erasures", body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret-id" not in answer.text


async def test_the_largest_request_is_read_and_a_larger_one_is_not() -> None:
    front = Front(Failing("change_treatment_to_delete"))
    ids = [{"ids": [f"{number:05}-{of:02}" + 100 * "x" for of in range(20)]} for number in range(5)]
    people = ids * 1_000
    assert (await front.post("/erasures", ERASURE | {"people": people})).status_code == 503
    answer = await front.post("/erasures", b" " * (MAX_BODY_BYTES + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "statement",
    ["change_treatment_to_delete", "find_earlier_cut_off", "file_erasure", "add_receipts"],
)
async def test_what_is_not_known_to_be_filed_is_503(statement: str) -> None:
    answer = await Front(Failing(statement)).post("/erasures", ERASURE)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert answer.json()["title"] == f"Not finished: {statement}"


async def test_what_the_sweep_did_not_finish_is_202(capsys: pytest.CaptureFixture[str]) -> None:
    front = Front(Found(), FailingExecutor().run)
    answer = await front.post("/erasures", ERASURE | {"mode": "immediate"})
    assert answer.status_code == 202
    assert '"failed":"delete_events"' in capsys.readouterr().out


async def test_what_a_sweep_begins_while_it_is_restored_is_409() -> None:
    class Faster(Found):
        async def change(self, name: str, **parameters: Parameter) -> int:
            self.status = "due"
            return 0

    answer = await Front(Faster()).ask(
        "DELETE", "/erasures/01a2052a-7b41-713e-b268-a56c50884283", b""
    )
    assert answer.status_code == 409


@pytest.mark.parametrize("query", ["status=open", "user=ann", "project=dev&page=2"])
async def test_unknown_parameters_are_400(query: str) -> None:
    answer: httpx.Response = await Front(Failing("")).ask("GET", f"/erasures?{query}", b"")
    assert answer.status_code == 400


async def test_whose_the_project_is_must_be_known() -> None:
    front = Front(Failing(""), owner=None)
    assert (await front.post("/erasures", ERASURE)).status_code == 422
    front = Front(Failing("find_owners"))
    assert (await front.post("/erasures", ERASURE)).status_code == 503


async def test_who_may_do_what_must_be_readable() -> None:
    front = Front(Failing(""), permitted=False)
    assert (await front.post("/erasures", ERASURE, OFFICER)).status_code == 503
