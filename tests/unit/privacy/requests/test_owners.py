"""Which partner's data a request concerns: also of projects that moved, or are in no setting."""

from typing import Any

import pytest

from functions.privacy.requests.caller import Caller
from functions.privacy.requests.owners import Owners
from functions.warehouse.statements import StatementFailed
from functions.web.problem import ProblemError
from tests.unit.privacy.disclosure import Store

HERE = frozenset({"here"})
OWNERS = {"here": "acme", "moved": "acme", "other": "rival"}
PARTNER = Caller("ann@acme.example", frozenset({"here", "moved"}), pinned=HERE, owners=OWNERS)
OPERATOR = Caller("op@cell.example", is_operator=True, pinned=HERE, owners=OWNERS)


@pytest.fixture
def store() -> Store:
    return Store()


def found(*partners: str) -> list[dict[str, Any]]:
    return [{"partner": partner} for partner in partners]


async def refusal(store: Store, caller: Caller, project: str) -> int:
    with pytest.raises(ProblemError) as refused:
        await Owners(store).partner_of(caller, project)
    return refused.value.status


@pytest.mark.parametrize("caller", [PARTNER, OPERATOR])
async def test_a_project_that_is_pinned_here_needs_no_data(store: Store, caller: Caller) -> None:
    assert await Owners(store).partner_of(caller, "here") == "acme"
    assert [name for name, _ in store.asked] == ["find_owners"], "the events are not read"


@pytest.mark.parametrize("caller", [PARTNER, OPERATOR])
@pytest.mark.parametrize("statement", ["find_owners", "find_owners_of_events"])
async def test_a_project_that_moved_is_answered_for_while_it_has_data(
    store: Store, caller: Caller, statement: str
) -> None:
    assert await refusal(store, caller, "moved") == 422
    store.found[statement] = found("acme")
    assert await Owners(store).partner_of(caller, "moved") == "acme"


async def test_a_project_that_was_pinned_here_may_have_data_beside_the_tables_only(
    store: Store,
) -> None:
    was_here = frozenset({"here", "moved"})
    caller = Caller("ann@acme.example", was_here, pinned=was_here, owners=OWNERS)
    assert await Owners(store).partner_of(caller, "moved") == "acme"


async def test_a_project_that_is_in_no_setting_is_the_operators_matter(store: Store) -> None:
    store.found["find_owners"] = found("departed")
    assert await Owners(store).partner_of(OPERATOR, "gone") == "departed"
    assert await refusal(store, PARTNER, "gone") == 403


async def test_projects_of_others_are_not_even_looked_for(store: Store) -> None:
    assert await refusal(store, PARTNER, "other") == 403
    assert store.asked == []


@pytest.mark.parametrize("caller", [PARTNER, OPERATOR])
@pytest.mark.parametrize("project", ["here", "moved"])
async def test_nobody_acts_on_the_data_of_two_partners_at_once(
    store: Store, caller: Caller, project: str
) -> None:
    store.found["find_owners"] = found("acme", "former")
    assert await refusal(store, caller, project) == 409


async def test_a_new_owner_does_not_reach_the_former_owners_people(store: Store) -> None:
    store.found["find_owners"] = found("former")
    assert await refusal(store, PARTNER, "moved") == 403
    assert await refusal(store, PARTNER, "here") == 409
    assert await refusal(store, OPERATOR, "here") == 409
    assert await Owners(store).partner_of(OPERATOR, "moved") == "former"


async def test_a_store_that_does_not_answer_ends_it(store: Store) -> None:
    store.failing.add("find_owners")
    with pytest.raises(StatementFailed):
        await Owners(store).partner_of(PARTNER, "here")


def test_the_erasure_log_shows_a_project_only_under_its_own_partner() -> None:
    assert PARTNER.matters() == ("acme/here", "acme/moved")
    assert PARTNER.matters("moved") == ("acme/moved",)
    assert PARTNER.matters("other") == ()
    assert OPERATOR.matters() == ("*",)
    unknown = Caller("eve@acme.example", frozenset({"unknown"}), owners=OWNERS)
    assert unknown.matters() == ()
