"""Upper and lower case of e-mail addresses change nothing in a plan, as Google ignores the case."""

from typing import Any

import pytest

from tests.terraform.scenarios import SMALL
from tests.terraform.workspace import Workspace

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

PEOPLE: dict[str, Any] = {
    "cells": {
        "eu": {
            "region": "europe-west1",
            "readers": ["Analysts@Acme.example", "analysts@acme.example"],
            "operators": ["Operators@Acme.example", "operators@acme.example"],
            "viewers": ["Olga@Operator.example", "olga@operator.example"],
            "privacy_callers": ["Dpo@Operator.example", "dpo@operator.example"],
        }
    },
    "partners": {
        "acme": {
            "projects": {"acme-prod": {"cell": "eu"}},
            "readers": ["Analysts@Acme.example"],
            "viewers": ["Ann@Acme.example", "ann@acme.example"],
            "privacy_callers": {
                "Backend@acme.iam.gserviceaccount.com": [],
                "Lea@Acme.example": ["acme-prod"],
            },
        }
    },
    "alert_emails": ["Alerts@Acme.example", "alerts@acme.example"],
}
"""Every variable that takes e-mail addresses, with two spellings where it takes several."""

SPELLED = (
    "@Acme",
    "@Operator",
    "Olga@",
    "Dpo@",
    "Ann@",
    "Backend@",
    "Lea@",
    "Alerts@",
    "Analysts@",
)


def _lowered(value: Any) -> Any:
    if isinstance(value, dict):
        return {_lowered(name): _lowered(each) for name, each in value.items()}
    if isinstance(value, list):
        return sorted({_lowered(each) for each in value}, key=str)
    return value.lower() if isinstance(value, str) else value


def _planned(workspace: Workspace, variables: dict[str, Any]) -> dict[str, Any]:
    plan = workspace.plan(variables)
    return {
        change["address"]: change["change"]["after"]
        for change in plan["resource_changes"]
        if change["mode"] == "managed"
    }


@pytest.mark.soak
def test_the_spelling_of_an_address_changes_nothing(few_views: Workspace) -> None:
    as_written = _planned(few_views, SMALL | PEOPLE)
    lowered = _planned(few_views, SMALL | _lowered(PEOPLE))

    assert as_written == lowered
    assert not [word for word in SPELLED if word in str(as_written)]
