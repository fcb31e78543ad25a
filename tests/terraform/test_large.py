"""From nothing: everything that can be asked for, with 40 partners, is there after one apply."""

from pathlib import Path
from typing import Any

import pytest

from tests.terraform.resources import managed
from tests.terraform.scenarios import FULL
from tests.terraform.workspace import Workspace

pytestmark = [pytest.mark.terraform, pytest.mark.soak]

PARTNERS = 40


def partners() -> dict[str, Any]:
    """40 partners beside the one of the scenario, each with all that a partner may have."""
    return {
        f"partner{number}": {
            "projects": {f"project{number}": {"cell": "eu"}},
            "readers": [f"team@partner{number}.example"],
            "viewers": [f"ann@partner{number}.example"],
            "privacy_callers": {f"lea@partner{number}.example": []},
        }
        for number in range(PARTNERS)
    }


def test_a_second_plan_is_empty(workspace: Workspace, tmp_path: Path) -> None:
    asked = FULL | {"partners": FULL["partners"] | partners()}
    large = workspace.copy(tmp_path / "large")

    large.apply(asked)
    second = large.plan(asked)

    assert len(list(managed(large.state()["values"]))) > 100 * PARTNERS
    assert [
        change["address"]
        for change in second["resource_changes"]
        if change["change"]["actions"] not in (["no-op"], ["read"])
    ] == []
