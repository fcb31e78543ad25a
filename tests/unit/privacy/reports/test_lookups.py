"""Look-ups: what is told, to whom, and that each leaves a receipt before it is told."""

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
from tests.unit.privacy.disclosure import (
    ANN,
    KEYS,
    NOW,
    OPERATOR,
    PUSH,
    SCHEDULER,
    Store,
    acme,
    asked,
    counting,
    said,
)

EVE = Caller("eve@other.example", frozenset({"shop"}))
REQUEST = {"project": "dev", "reason": "joining the customers' table", "ids": ["u-one", "u-two"]}


def keys_of(user: str) -> list[str]:
    return [user_key(KEYS.by_version[version], "dev", user) for version in (1, 2)]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def lookups(store: Store) -> Lookups:
    ids = counting("lookup")
    context = Context(
        store, Ledger(store, 215), store.receive(), KEYS, acme, lambda: NOW, lambda: next(ids)
    )
    return Lookups(context)


async def test_ids_are_told_their_keys_of_every_version(lookups: Lookups, store: Store) -> None:
    answer = await lookups.ask(asked(ANN, REQUEST | {"ids": ["u-two", "u-one", "u-two"]}))

    assert said(answer) == {
        "id": "lookup-1",
        "project": "dev",
        "people": [
            {"id": "u-two", "user_keys": keys_of("u-two")},
            {"id": "u-one", "user_keys": keys_of("u-one")},
        ],
    }
    assert answer.headers["cache-control"] == "no-store"
    assert [name for name, _ in store.asked] == ["add_receipts"], "nobody is searched for"


async def test_keys_are_told_their_ids_by_one_statement(lookups: Lookups, store: Store) -> None:
    old, new = keys_of("u-one")
    unknown = "0" * 32
    store.found["find_identities"] = [
        {"user_key": new, "user_id": "u-one"},
        {"user_key": old, "user_id": "u-one"},
    ]
    body = {"project": "dev", "reason": "why", "user_keys": [new, unknown, old, new]}
    answer = await lookups.ask(asked(ANN, body))

    assert said(answer)["people"] == [
        {"user_key": new, "ids": ["u-one"]},
        {"user_key": unknown, "ids": []},
        {"user_key": old, "ids": ["u-one"]},
    ]
    assert store.asked[0] == (
        "find_identities",
        {"project": "dev", "user_keys": [new, unknown, old], "now": NOW},
    )
    assert [name for name, _ in store.asked] == ["find_identities", "add_receipts"]


async def test_the_receipt_tells_who_how_many_and_why_and_names_nobody(
    lookups: Lookups, store: Store
) -> None:
    await lookups.ask(asked(ANN, REQUEST))

    assert store.receipts == [
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
    text = msgspec.json.encode(store.receipts).decode()
    assert not [each for each in ("u-one", *keys_of("u-one")) if each in text]


@pytest.mark.parametrize("failing", ["add_receipts", "find_identities"])
async def test_without_a_receipt_nothing_is_told(
    lookups: Lookups, store: Store, failing: str
) -> None:
    store.failing.add(failing)
    body = {"project": "dev", "reason": "why", "user_keys": ["0" * 32]}
    with pytest.raises(StatementFailed):
        await lookups.ask(asked(ANN, body))
    assert store.receipts == []


@pytest.mark.parametrize(
    "caller", [Caller("eve@other.example", frozenset({"shop"})), SCHEDULER, PUSH]
)
async def test_other_projects_are_nobodys_matter(
    lookups: Lookups, store: Store, caller: Caller
) -> None:
    with pytest.raises(ProblemError) as refused:
        await lookups.ask(asked(caller, REQUEST))
    assert refused.value.status == 403
    assert store.asked == []


async def test_an_operator_may_look_up_in_every_project(lookups: Lookups) -> None:
    assert (await lookups.ask(asked(OPERATOR, REQUEST))).status_code == 200


async def test_an_owner_that_cannot_be_read_ends_it(store: Store) -> None:
    async def unavailable(caller: Caller, project: str) -> str:
        raise retry_later("not now")

    lookups = Lookups(
        Context(store, Ledger(store, 215), store.receive(), KEYS, unavailable, lambda: NOW, str)
    )
    with pytest.raises(ProblemError) as refused:
        await lookups.ask(asked(ANN, REQUEST))
    assert refused.value.status == 503
    assert store.asked == []


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
async def test_what_is_not_understood_is_refused_and_not_quoted(
    lookups: Lookups, store: Store, change: dict[str, Any]
) -> None:
    with pytest.raises(msgspec.ValidationError) as refusal:
        await lookups.ask(asked(ANN, REQUEST | change))
    assert "u-one" not in str(refusal.value)
    assert store.asked == []


async def test_as_many_as_may_be_are_answered(lookups: Lookups) -> None:
    ids = [f"user-{number}" for number in range(PEOPLE)]
    answer = await lookups.ask(asked(ANN, REQUEST | {"ids": ids}))
    assert len(said(answer)["people"]) == PEOPLE
