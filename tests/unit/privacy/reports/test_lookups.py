"""Look-ups answer only permitted callers, and write a receipt before they answer."""

from typing import Any

import msgspec
import pytest

from functions.privacy.reports.lookups import PEOPLE, Lookups
from functions.privacy.requests.caller import Caller
from functions.privacy.requests.context import Context
from functions.secrets.pseudonym_keys import user_key
from functions.warehouse.ledger import Ledger
from functions.warehouse.statements import StatementFailed
from functions.web.problem import ProblemError, retry_later
from tests.fakes.statements import Statements
from tests.unit.privacy.disclosure import (
    ANN,
    KEYS,
    NOW,
    OPERATOR,
    PUSH,
    SCHEDULER,
    acme,
    body_of,
    counting,
    reading,
    receipts_of,
    request_by,
)

EVE = Caller("eve@other.example", frozenset({"shop"}))
REQUEST = {"project": "dev", "reason": "joining the customers' table", "ids": ["u-one", "u-two"]}


def keys_of(user: str) -> list[str]:
    return [user_key(KEYS.by_version[version], "dev", user) for version in (1, 2)]


@pytest.fixture
def statements() -> Statements:
    return reading()


@pytest.fixture
def lookups(statements: Statements) -> Lookups:
    ids = counting("lookup")
    context = Context(
        statements,
        Ledger(Statements("operate"), 215),
        receipts_of(statements),
        KEYS,
        acme,
        lambda: NOW,
        lambda: next(ids),
    )
    return Lookups(context)


async def test_user_keys_of_every_version_are_returned_for_ids(
    lookups: Lookups, statements: Statements
) -> None:
    answer = await lookups.ask(request_by(ANN, REQUEST | {"ids": ["u-two", "u-one", "u-two"]}))

    assert body_of(answer) == {
        "id": "lookup-1",
        "project": "dev",
        "people": [
            {"id": "u-two", "user_keys": keys_of("u-two")},
            {"id": "u-one", "user_keys": keys_of("u-one")},
        ],
    }
    assert answer.headers["cache-control"] == "no-store"
    assert [name for name, _ in statements.runs] == ["add_receipts"], "no search is needed"


async def test_ids_of_user_keys_are_found_by_one_statement(
    lookups: Lookups, statements: Statements
) -> None:
    old, new = keys_of("u-one")
    unknown = "0" * 32
    statements.answers["find_identities"] = [
        {"user_key": new, "user_id": "u-one"},
        {"user_key": old, "user_id": "u-one"},
    ]
    body = {"project": "dev", "reason": "why", "user_keys": [new, unknown, old, new]}
    answer = await lookups.ask(request_by(ANN, body))

    assert body_of(answer)["people"] == [
        {"user_key": new, "ids": ["u-one"]},
        {"user_key": unknown, "ids": []},
        {"user_key": old, "ids": ["u-one"]},
    ]
    assert statements.runs[0] == (
        "find_identities",
        {"project": "dev", "user_keys": [new, unknown, old], "now": NOW},
    )
    assert [name for name, _ in statements.runs] == ["find_identities", "add_receipts"]


async def test_the_receipt_has_the_caller_the_number_and_the_reason_but_no_ids(
    lookups: Lookups, statements: Statements
) -> None:
    await lookups.ask(request_by(ANN, REQUEST))

    assert statements.receipts == [
        {
            "receipt_id": "lookup-1/lookup",
            "operation": "lookup",
            "reference": "lookup-1",
            "detail": {"given": "ids", "reason": "joining the customers' table"},
            "partner": "acme",
            "project": "dev",
            "requested_by": "ann@acme.example",
            "people": 2,
        }
    ]
    text = msgspec.json.encode(statements.receipts).decode()
    assert not [name for name in ("u-one", *keys_of("u-one")) if name in text]


@pytest.mark.parametrize("failing", ["add_receipts", "find_identities"])
async def test_without_a_receipt_there_is_no_answer(
    lookups: Lookups, statements: Statements, failing: str
) -> None:
    statements.failing.add(failing)
    body = {"project": "dev", "reason": "why", "user_keys": ["0" * 32]}
    with pytest.raises(StatementFailed):
        await lookups.ask(request_by(ANN, body))
    assert statements.receipts == []


@pytest.mark.parametrize(
    "caller", [Caller("eve@other.example", frozenset({"shop"})), SCHEDULER, PUSH]
)
async def test_other_projects_are_refused(
    lookups: Lookups, statements: Statements, caller: Caller
) -> None:
    with pytest.raises(ProblemError) as refused:
        await lookups.ask(request_by(caller, REQUEST))
    assert refused.value.status == 403
    assert statements.runs == []


async def test_an_operator_may_look_up_in_every_project(lookups: Lookups) -> None:
    assert (await lookups.ask(request_by(OPERATOR, REQUEST))).status_code == 200


async def test_an_owner_that_cannot_be_read_is_an_error(statements: Statements) -> None:
    async def unavailable(caller: Caller, project: str) -> str:
        raise retry_later("not now")

    lookups = Lookups(
        Context(
            statements,
            Ledger(Statements("operate"), 215),
            receipts_of(statements),
            KEYS,
            unavailable,
            lambda: NOW,
            str,
        )
    )
    with pytest.raises(ProblemError) as refused:
        await lookups.ask(request_by(ANN, REQUEST))
    assert refused.value.status == 503
    assert statements.runs == []


@pytest.mark.parametrize(
    "change",
    [
        {"ids": []},
        {"ids": [""]},
        {"user_keys": ["0" * 32]},
        {"ids": [], "user_keys": ["0" * 31]},
        {"ids": [], "user_keys": ["G" * 32]},
        {"ids": ["x"] * (PEOPLE + 1)},
        {"reason": ""},
        {"reason": "   "},
        {"reason": "x" * 1_001},
        {"reason": "u-one asked for it"},
        {"reason": "of " + "0" * 32, "ids": [], "user_keys": ["0" * 32]},
        {"project": ""},
        {"users": []},
    ],
)
async def test_a_malformed_request_is_refused_and_not_quoted(
    lookups: Lookups, statements: Statements, change: dict[str, Any]
) -> None:
    with pytest.raises(msgspec.ValidationError) as refusal:
        await lookups.ask(request_by(ANN, REQUEST | change))
    assert "u-one" not in str(refusal.value)
    assert statements.runs == []


async def test_the_largest_request_is_answered(lookups: Lookups) -> None:
    ids = [f"user-{number}" for number in range(PEOPLE)]
    answer = await lookups.ask(request_by(ANN, REQUEST | {"ids": ids}))
    assert len(body_of(answer)["people"]) == PEOPLE
