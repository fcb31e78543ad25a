"""The partner of a request's project is found, even if the project moved or is in no setting."""

from typing import Any

import pytest

from functions.privacy.requests.caller import Caller
from functions.privacy.requests.owners import Owners
from functions.warehouse.statements import StatementFailed
from functions.web.problem import ProblemError
from tests.fakes.statements import Statements

HERE = frozenset({"here"})
OWNERS = {"here": "acme", "moved": "acme", "other": "rival"}
PARTNER = Caller("ann@acme.example", frozenset({"here", "moved"}), pinned=HERE, owners=OWNERS)
OPERATOR = Caller("op@cell.example", is_operator=True, pinned=HERE, owners=OWNERS)


@pytest.fixture
def statements() -> Statements:
    return Statements(changed=None)


def owners(*partners: str) -> list[dict[str, Any]]:
    return [{"partner": partner} for partner in partners]


async def refusal(statements: Statements, caller: Caller, project: str) -> int:
    with pytest.raises(ProblemError) as refused:
        await Owners(statements).partner_of(caller, project)
    return refused.value.status


@pytest.mark.parametrize("caller", [PARTNER, OPERATOR])
async def test_a_project_that_is_pinned_here_needs_no_data(
    statements: Statements, caller: Caller
) -> None:
    assert await Owners(statements).partner_of(caller, "here") == "acme"
    assert [name for name, _ in statements.runs] == ["find_owners"], "no events are read"


@pytest.mark.parametrize("caller", [PARTNER, OPERATOR])
@pytest.mark.parametrize("statement", ["find_owners", "find_owners_of_events"])
async def test_a_project_that_moved_is_answered_for_while_it_has_data(
    statements: Statements, caller: Caller, statement: str
) -> None:
    assert await refusal(statements, caller, "moved") == 422
    statements.answers[statement] = owners("acme")
    assert await Owners(statements).partner_of(caller, "moved") == "acme"


async def test_a_project_that_was_pinned_here_may_have_data_beside_the_tables_only(
    statements: Statements,
) -> None:
    was_here = frozenset({"here", "moved"})
    caller = Caller("ann@acme.example", was_here, pinned=was_here, owners=OWNERS)
    assert await Owners(statements).partner_of(caller, "moved") == "acme"


async def test_only_operators_may_act_on_a_project_that_is_in_no_setting(
    statements: Statements,
) -> None:
    statements.answers["find_owners"] = owners("departed")
    assert await Owners(statements).partner_of(OPERATOR, "gone") == "departed"
    assert await refusal(statements, PARTNER, "gone") == 403


async def test_projects_of_others_are_not_even_looked_for(statements: Statements) -> None:
    assert await refusal(statements, PARTNER, "other") == 403
    assert statements.runs == []


@pytest.mark.parametrize("caller", [PARTNER, OPERATOR])
@pytest.mark.parametrize("project", ["here", "moved"])
async def test_a_request_never_concerns_two_partners(
    statements: Statements, caller: Caller, project: str
) -> None:
    statements.answers["find_owners"] = owners("acme", "former")
    assert await refusal(statements, caller, project) == 409


async def test_a_new_owner_does_not_reach_the_former_owners_people(statements: Statements) -> None:
    statements.answers["find_owners"] = owners("former")
    assert await refusal(statements, PARTNER, "moved") == 403
    assert await refusal(statements, PARTNER, "here") == 409
    assert await refusal(statements, OPERATOR, "here") == 409
    assert await Owners(statements).partner_of(OPERATOR, "moved") == "former"


async def test_a_store_that_does_not_answer_is_an_error(statements: Statements) -> None:
    statements.failing.add("find_owners")
    with pytest.raises(StatementFailed):
        await Owners(statements).partner_of(PARTNER, "here")


def test_the_erasure_log_shows_a_project_only_under_its_own_partner() -> None:
    assert PARTNER.matters() == ("acme/here", "acme/moved")
    assert PARTNER.matters("moved") == ("acme/moved",)
    assert PARTNER.matters("other") == ()
    assert OPERATOR.matters() == ("*",)
    unknown = Caller("eve@acme.example", frozenset({"unknown"}), owners=OWNERS)
    assert unknown.matters() == ()
