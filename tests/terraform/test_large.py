"""A large deployment (the scenario `FULL` and 40 more partners) is complete after one apply."""

from pathlib import Path
from typing import Any

import pytest

from tests.terraform.resources import managed
from tests.terraform.scenarios import FULL
from tests.terraform.workspace import Workspace

pytestmark = [pytest.mark.terraform, pytest.mark.soak]

PARTNERS = 40


def partners() -> dict[str, Any]:
    """Return 40 partners without readers, so that they have no views of their own.

    The time of a plan grows faster than the number of views. With views for all partners, it would
    take an hour. The partner of the scenario has readers and views.
    """
    return {
        f"partner{number}": {
            "projects": {f"project{number}": {"cell": "eu"}},
            "viewers": [f"ann@partner{number}.example"],
            "privacy_callers": {f"lea@partner{number}.example": []},
        }
        for number in range(PARTNERS)
    }


def test_a_second_plan_is_empty(workspace: Workspace, tmp_path: Path) -> None:
    variables = FULL | {"partners": FULL["partners"] | partners()}
    large = workspace.copy(tmp_path / "large")

    large.apply(variables)
    second = large.plan(variables)

    made = {resource.address for resource in managed(large.state()["values"])}
    for number in range(PARTNERS):
        assert any(f"partner{number}" in address for address in made), number
    assert [
        change["address"]
        for change in second["resource_changes"]
        if change["change"]["actions"] not in (["no-op"], ["read"])
    ] == []
