"""EU data cannot leave: every region that a plan names is the region of the resource's cell."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.residency import REGION, violations
from tests.terraform.resources import Resource, managed
from tests.terraform.scenarios import FULL, REGIONS
from tests.terraform.workspace import Workspace

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

DEFINITION = re.compile(r"\s*(?:region\s+=\s+var\.settings\.region|#)")
REFERENCE = re.compile(r"\b(?:local\.region|var\.settings\.region|var\.scheduler_region)\b")


def test_everything_is_in_its_cell_s_region(
    full_plan: dict[str, Any], schemas: dict[str, Any]
) -> None:
    resources = list(managed(full_plan["planned_values"]))

    assert len(resources) > 300
    assert list(violations(resources, schemas, REGIONS)) == []
    assert strays(full_plan) == []


@pytest.mark.soak
def test_each_changed_region_in_the_module_is_found(
    few_views: Workspace, schemas: dict[str, Any], tmp_path: Path
) -> None:
    # Each reference to the region is replaced by a different region, so that one plan shows all.
    mutant = few_views.copy(tmp_path)
    planted: dict[str, str] = {}
    for file in sorted((mutant.configuration / "modules" / "cell").glob("*.tf")):
        lines = file.read_text().splitlines()
        for number, line in enumerate(lines):
            if REFERENCE.search(line) and not DEFINITION.match(line):
                foreign = f"asia-mutant{len(planted)}"
                planted[foreign] = f"{file.name}:{number + 1}: {line.strip()}"
                lines[number] = REFERENCE.sub(f'"{foreign}"', line)
        file.write_text("\n".join(lines) + "\n")

    plan = mutant.plan(FULL)
    said = [*violations(managed(plan["planned_values"]), schemas, REGIONS), *strays(plan)]
    found = {region for sentence in said for region in REGION.findall(sentence)}

    assert len(planted) > 25
    assert [place for foreign, place in planted.items() if foreign not in found] == []


def strays(plan: dict[str, Any]) -> list[str]:
    """Return a sentence for each region in a cell's outputs that is not the cell's own."""
    outputs = plan["planned_values"]["outputs"]
    return [
        f"{cell} names {region}"
        for name in ("bi_connections", "cells", "dashboard_commands")
        for cell, value in outputs[name]["value"].items()
        for region in set(REGION.findall(json.dumps(value))) - {REGIONS[cell]}
    ]


Change = Callable[[dict[str, Any]], None]


def _drop(name: str) -> Change:
    return lambda values: values.update({name: []})


def _unforce(values: dict[str, Any]) -> None:
    values["message_storage_policy"][0]["enforce_in_transit"] = False


def _replicate(values: dict[str, Any]) -> None:
    values["replication"] = [{"auto": [{}], "user_managed": []}]


def _second_region(values: dict[str, Any]) -> None:
    values["message_storage_policy"][0]["allowed_persistence_regions"].append("us-central1")


def _trigger(values: dict[str, Any]) -> None:
    values["event_trigger"] = [{"trigger_region": "europe-west1"}]


def _multi_region(values: dict[str, Any]) -> None:
    values["location"] = "EU"


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("google_pubsub_topic", _drop("message_storage_policy")),
        ("google_pubsub_topic", _unforce),
        ("google_pubsub_topic", _second_region),
        ("google_secret_manager_secret", _replicate),
        ("google_secret_manager_secret", _drop("replication")),
        ("google_cloudfunctions2_function", _trigger),
        ("google_storage_bucket", _multi_region),
        ("google_bigquery_dataset", _multi_region),
    ],
)
def test_a_changed_location_argument_is_found(
    full_plan: dict[str, Any], schemas: dict[str, Any], kind: str, change: Change
) -> None:
    resource = next(found for found in managed(full_plan["planned_values"]) if found.type == kind)
    changed = copy.deepcopy(resource.values)
    change(changed)

    assert list(violations([resource._replace(values=changed)], schemas, REGIONS))


def test_a_resource_type_that_is_not_listed_is_found(schemas: dict[str, Any]) -> None:
    provider = "registry.terraform.io/hashicorp/google"
    database = Resource("eu", "x", "google_sql_database_instance", "x", provider, {})

    assert any("region" in found for found in violations([database], schemas, REGIONS))
