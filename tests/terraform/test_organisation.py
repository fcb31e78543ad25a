"""The README says which policies of an organisation refuse which resources.

Error messages name only sections that the README has.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.terraform.resources import Resource, managed
from tests.terraform.workspace import ROOT

pytestmark = pytest.mark.terraform

README = (ROOT / "terraform" / "README.md").read_text()
HEADINGS = set(re.findall(r"^## (.+)$", README, re.MULTILINE))

REFUSED: dict[str, Callable[[Resource], Any]] = {
    "cloudfunctions.allowedIngressSettings": lambda resource: (
        resource.type == "google_cloudfunctions2_function"
        and resource.values["service_config"][0]["ingress_settings"] == "ALLOW_ALL"
    ),
    "cloudfunctions.requireVPCConnector": lambda resource: (
        resource.type == "google_cloudfunctions2_function"
        and not resource.values["service_config"][0]["vpc_connector"]
    ),
    "gcp.resourceLocations": lambda resource: resource.values.get("location") == "europe-west1",
    "gcp.restrictCmekCryptoKeyProjects": lambda resource: resource.type == "google_kms_crypto_key",
    "gcp.restrictServiceUsage": lambda resource: resource.type == "google_project_service",
    "iam.allowedPolicyMemberDomains": lambda resource: resource.values.get("member") == "allUsers",
    "iam.disableServiceAccountCreation": lambda resource: resource.type == "google_service_account",
    "iam.managed.allowedPolicyMembers": lambda resource: (
        resource.values.get("member") == "allUsers"
    ),
    "storage.retentionPolicySeconds": lambda resource: (
        resource.type == "google_storage_bucket" and not resource.values["retention_policy"]
    ),
    "storage.softDeletePolicySeconds": lambda resource: (
        resource.type == "google_storage_bucket"
        and resource.values["soft_delete_policy"][0]["retention_duration_seconds"] == 0
    ),
}
"""For each constraint, a function that says whether it would refuse a resource."""


def table() -> dict[str, tuple[str, str]]:
    """Return the README's texts on what fails and what to do, by constraint."""
    section = README.split("## Policies of an organisation")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    return {
        constraint: (fails, remedy)
        for constraints, fails, remedy in rows
        for constraint in re.findall(r"`([\w.]+)`", constraints)
    }


@pytest.mark.xdist_group("plan")
def test_the_readme_names_each_policy_that_would_refuse_a_resource(
    full_plan: dict[str, Any],
) -> None:
    planned = list(managed(full_plan["planned_values"]))

    met = {constraint for constraint, refuses in REFUSED.items() if any(map(refuses, planned))}

    assert met == set(REFUSED)
    assert met <= set(table())


def test_error_messages_name_sections_that_exist() -> None:
    named = {
        name
        for file in (ROOT / "terraform").rglob("*.tf")
        for name in re.findall(r'README(?:\.md)?, \\?"([^"\\]+)', file.read_text())
    }

    assert named >= {"Applying a plan elsewhere", "Rolling back", "What it costs"}
    assert named <= HEADINGS
