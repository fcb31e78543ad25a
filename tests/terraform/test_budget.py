"""A budget notifies the alert addresses; it can also be planned without any address."""

from typing import Any

import pytest

from tests.terraform.resources import Resource, of_type
from tests.terraform.scenarios import SMALL
from tests.terraform.workspace import Workspace

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]


def budget(plan: dict[str, Any]) -> Resource:
    [resource] = of_type(plan["planned_values"], "google_billing_budget")
    return resource


def test_a_budget_without_addresses_has_no_notification_rule(few_views: Workspace) -> None:
    """Google refuses a notification rule that names neither a channel nor a topic."""
    variables = SMALL | {"budget": {"billing_account": "000000-111111-222222", "amount": 100}}

    plan = few_views.plan(variables, "-target=google_billing_budget.month")

    assert budget(plan).values["all_updates_rule"] == []
    assert len(budget(plan).values["threshold_rules"]) == 3


def test_a_budget_with_addresses_notifies_them(full_plan: dict[str, Any]) -> None:
    [rule] = budget(full_plan).values["all_updates_rule"]

    assert rule["disable_default_iam_recipients"] is False
