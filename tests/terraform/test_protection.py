"""Resources with data or keys are protected twice.

A plan may not destroy them. If their block is removed from the configuration, the apply fails.
"""

from typing import Any

import pytest

from tests.terraform.protection import protected
from tests.terraform.resources import managed

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

KEEPS = {
    "google_bigquery_dataset",
    "google_bigquery_table",
    "google_kms_crypto_key",
    "google_kms_key_ring",
    "google_pubsub_subscription",
    "google_pubsub_topic",
    "google_secret_manager_secret",
    "google_secret_manager_secret_version",
    "google_storage_bucket",
    "terraform_data",
}
"""Types that hold data or keys."""

PASSING = {
    ("google_bigquery_dataset", "bi"): "views alone",
    ("google_bigquery_dataset", "partner"): "views alone",
    ("google_pubsub_subscription", "partner"): "goes with the partner's entry",
    ("google_secret_manager_secret_version", "callers"): "made of variables, at each change",
    ("google_secret_manager_secret_version", "partners"): "made of variables, at each change",
    ("google_secret_manager_secret_version", "viewers"): "made of variables, at each change",
    ("google_storage_bucket", "source"): "the repository has it",
    ("terraform_data", "logging_agent"): "an address that Google tells again",
    ("terraform_data", "view"): "a digest, which makes a view anew",
    **{("google_bigquery_table", f"view_{wave}"): "a view" for wave in range(4)},
}


def test_a_plan_may_only_destroy_resources_without_data(full_plan: dict[str, Any]) -> None:
    planned = {
        (resource.type, resource.name)
        for resource in managed(full_plan["planned_values"])
        if resource.type in KEEPS
    }

    assert planned - protected() == set(PASSING)
    assert protected() <= planned


def test_an_apply_refuses_to_destroy_if_the_block_was_removed(full_plan: dict[str, Any]) -> None:
    unprotected = [
        resource.address
        for resource in managed(full_plan["planned_values"])
        if (resource.type, resource.name) in protected()
        # Google never deletes a key ring, and terraform_data exists only in the state.
        and resource.type not in {"google_kms_key_ring", "terraform_data"}
        and resource.values.get("deletion_policy") != "PREVENT"
        and not resource.values.get("deletion_protection")
    ]

    assert unprotected == []


def test_secrets_that_cannot_be_made_again_are_destroyed_late(full_plan: dict[str, Any]) -> None:
    delays = {
        change["index"]: change["change"]["after"].get("version_destroy_ttl")
        for change in full_plan["resource_changes"]
        if change["type"] == "google_secret_manager_secret"
    }
    thirty_days = f"{30 * 24 * 3600}s"
    assert delays == dict.fromkeys(("callers", "partners", "viewers")) | dict.fromkeys(
        ("closed", "pseudonym"), thirty_days
    )
