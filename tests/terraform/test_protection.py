"""What holds data or keys refuses to go while `deletion_protection` is on."""

from typing import Any

import pytest

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]


def test_what_has_data_refuses_to_go(full_plan: dict[str, Any]) -> None:
    protected = {
        "google_bigquery_dataset",
        "google_kms_crypto_key",
        "google_logging_project_bucket_config",
        "google_pubsub_subscription",
        "google_pubsub_topic",
        "google_secret_manager_secret",
        "google_storage_bucket",
    }
    passing = {"source", "partner"}  # the source is in the repository; partners' hold nothing
    unprotected = [
        change["address"]
        for change in full_plan["resource_changes"]
        if change["type"] in protected
        and change["change"]["after"].get("deletion_policy") != "PREVENT"
        and not (change["name"] in passing and change["type"] != "google_bigquery_dataset")
    ]
    tables = [
        change["change"]["after"]["deletion_protection"]
        for change in full_plan["resource_changes"]
        if change["type"] == "google_bigquery_table" and change["name"] == "store"
    ]

    assert unprotected == []
    assert all(tables)


def test_secrets_that_nobody_can_make_anew_are_destroyed_late(full_plan: dict[str, Any]) -> None:
    delays = {
        change["index"]: change["change"]["after"].get("version_destroy_ttl")
        for change in full_plan["resource_changes"]
        if change["type"] == "google_secret_manager_secret"
    }
    thirty_days = f"{30 * 24 * 3600}s"
    assert delays == dict.fromkeys(("callers", "partners", "viewers")) | dict.fromkeys(
        ("closed", "pseudonym"), thirty_days
    )
