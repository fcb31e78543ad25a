"""The daily limit on query bytes stops no function: it is high enough, and per account."""

from pathlib import Path
from typing import Any

import pytest

from tests.terraform.resources import of_type
from tests.terraform.scenarios import FULL, SMALL
from tests.terraform.workspace import ROOT, Workspace

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

REFRESH_STATEMENTS = len(list((ROOT / "sql" / "operate").glob("refresh_*.sql")))
DEFAULT_TIB = 50


def test_each_account_has_its_own_limit(full_plan: dict[str, Any]) -> None:
    [limit] = of_type(full_plan["planned_values"], "google_cloud_quotas_quota_preference")

    assert limit.values["quota_id"] == "QueryUsagePerUserPerDay"
    assert limit.values["ignore_safety_checks"] == "QUOTA_DECREASE_PERCENTAGE_TOO_HIGH"
    [config] = limit.values["quota_config"]
    mebibytes = FULL["query_quota_tib_per_user_per_day"] * 2**20
    assert config["preferred_value"] == str(mebibytes)


def test_without_a_limit_googles_limit_stays(few_views: Workspace) -> None:
    plan = few_views.plan(SMALL, "-target=google_cloud_quotas_quota_preference.queries")

    assert not list(of_type(plan["planned_values"], "google_cloud_quotas_quota_preference"))


def test_functions_have_the_bars_that_the_limit_goes_by(full_plan: dict[str, Any]) -> None:
    bars = {
        function.values["name"]: config["environment_variables"]["STATEMENT_BYTES"]
        for function in of_type(full_plan["planned_values"], "google_cloudfunctions2_function")
        for config in function.values["service_config"]
        if "STATEMENT_BYTES" in config["environment_variables"]
    }

    assert bars == {
        f"chat-{cell}-{function}": str(tib * 2**40)
        for cell in ("eu", "us")
        for function, tib in (("operate", DEFAULT_TIB), ("privacy", DEFAULT_TIB), ("dashboard", 1))
    }


@pytest.mark.parametrize("tib", [DEFAULT_TIB, 0.05])
def test_a_limit_below_two_nights_of_refreshing_is_refused(
    workspace: Workspace, tmp_path: Path, tib: float
) -> None:
    bare = workspace.bare(tmp_path)
    least = 2 * REFRESH_STATEMENTS * tib
    cells = {"eu": {"region": "europe-west1", "statement_tib": tib}}
    variables = SMALL | {"cells": cells}

    said = bare.refused(variables | {"query_quota_tib_per_user_per_day": least * 0.99})
    bare.plan(variables | {"query_quota_tib_per_user_per_day": least})

    assert f"twice that is {least:g} TiB" in said
