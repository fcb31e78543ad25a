"""Names that are composed from variables do not collide, and are not longer than Google allows."""

import re
from collections import Counter
from typing import Any

import pytest

from tests.terraform.resources import managed
from tests.terraform.scenarios import SMALL
from tests.terraform.workspace import Workspace

pytestmark = pytest.mark.terraform

LONGEST = {
    "google_service_account": ("account_id", r"[a-z][a-z0-9-]{4,28}[a-z0-9]"),
    "google_storage_bucket": ("name", r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]"),
    "google_pubsub_topic": ("name", r"[A-Za-z][A-Za-z0-9._~+%-]{2,254}"),
    "google_pubsub_subscription": ("name", r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}"),
    "google_secret_manager_secret": ("secret_id", r"[A-Za-z0-9_-]{1,255}"),
    "google_bigquery_dataset": ("dataset_id", r"[A-Za-z0-9_]{1,1024}"),
    "google_logging_metric": ("name", r"[A-Za-z0-9_.,+!*',()%/-]{1,100}"),
    "google_cloudfunctions2_function": ("name", r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"),
    "google_cloud_scheduler_job": ("name", r"[A-Za-z0-9_-]{1,500}"),
    "google_artifact_registry_repository": ("repository_id", r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"),
}
"""The argument with the name of a resource, and the form that Google accepts, by type."""


def partner(cells: list[str], project: str, subscriptions: list[str]) -> dict[str, Any]:
    own = {"cell": cells[0], "endpoint": "https://a.example/", "country": "DE"}
    return {
        "projects": {f"{project}-{cell}": {"cell": cell} for cell in cells},
        "readers": ["team@acme.example"],
        "subscriptions": dict.fromkeys(subscriptions, own),
    }


CELL = "abcdefghij"
HOSTILE = SMALL | {
    "project_id": "a" * 30,
    "cells": {"eu": {"region": "europe-west1"}, CELL: {"region": "europe-west1"}},
    "partners": {
        "acme": partner(["eu", CELL], "acme", ["eu-bets", "bets", "rewards"]),
        "acme-eu": partner(["eu"], "acme-eu", ["bets", "rewards"]),
        "acme-eu-bets": partner(["eu"], "acme-eu-bets", ["rewards", "x"]),
        "dead": partner(["eu"], "dead", ["load"]),
        "p" * 20: partner([CELL], "q" * 80, ["r" * 30]),
    },
}
"""Names that would collide if they were joined with hyphens only, and names of maximum length."""


@pytest.mark.soak
def test_names_that_are_composed_neither_collide_nor_are_too_long(few_views: Workspace) -> None:
    plan = few_views.plan(HOSTILE)
    names: Counter[tuple[str, str]] = Counter()
    for resource in managed(plan["planned_values"]):
        if resource.type in LONGEST:
            attribute, form = LONGEST[resource.type]
            name = resource.values[attribute]
            assert re.fullmatch(form, name), (resource.address, name)
            names[resource.type, name] += 1
    assert {kind for kind, _ in names} == set(LONGEST)
    assert [pair for pair, times in names.items() if times > 1] == []
    subscriptions = [name for kind, name in names if kind == "google_pubsub_subscription"]
    expected = sum(len(partner["subscriptions"]) for partner in HOSTILE["partners"].values())
    assert sum("-partner-" in name for name in subscriptions) == expected
