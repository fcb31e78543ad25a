"""A plan warns if a cell has too few instances for the events that it expects."""

from typing import Any

import pytest

from tests.terraform.scenarios import SMALL
from tests.terraform.workspace import Workspace

pytestmark = pytest.mark.terraform


def warnings(workspace: Workspace, **settings: Any) -> list[str]:
    """Return the warnings of a plan; a check never makes a plan fail."""
    cells = {"eu": SMALL["cells"]["eu"] | settings}
    plan = workspace.plan(SMALL | {"cells": cells})
    return [
        problem["message"]
        for check in plan["checks"]
        if check["address"]["kind"] == "check" and check["address"]["name"] == "instances"
        for instance in check["instances"]
        for problem in instance.get("problems", [])
    ]


@pytest.mark.soak
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"events_per_second": 10_000}, []),
        (
            {"events_per_second": 10_001, "max_instances": {"receive": 21}},
            ["load may have 20 and needs 21"],
        ),
    ],
)
def test_too_few_instances_give_a_warning(
    few_views: Workspace, settings: dict[str, Any], said: list[str]
) -> None:
    sentences = warnings(few_views, **settings)
    assert len(sentences) == (1 if said else 0)
    for part in said:
        assert part in sentences[0]
    if said:
        assert sentences[0].count("needs") == len(said)
        assert "Cell eu" in sentences[0]


@pytest.mark.xdist_group("plan")
def test_without_an_expectation_there_is_no_warning(full_plan: dict[str, Any]) -> None:
    failed = [check["address"] for check in full_plan["checks"] if check["status"] != "pass"]
    assert [each for each in failed if each.get("name") == "instances"] == []
