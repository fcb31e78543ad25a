"""In an empty project, Terraform creates resources in an order that works.

The offline provider accepts any order, so these tests look at the dependencies.
"""

import re
from typing import Any

import pytest

from tests.terraform.workspace import Workspace

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

EDGE = re.compile(r'^\s*"(?P<later>[^"]+)" -> "(?P<earlier>[^"]+)";$', re.MULTILINE)
CELL = "module.cell."

ORDER = [
    # first the API, then a wait, then Google's service agent
    ("time_sleep.apis", "google_project_service.api"),
    ("google_project_service_identity.agent", "time_sleep.apis"),
    # first tables, then the functions that write their columns
    (f"{CELL}google_cloudfunctions2_function.this", f"{CELL}google_bigquery_table.store"),
    # the state notes columns after they exist
    (f"{CELL}terraform_data.column", f"{CELL}google_bigquery_table.store"),
    # first grants, then a wait, then resources that need the grants
    (f"{CELL}google_cloudfunctions2_function.this", f"{CELL}time_sleep.permissions"),
    *(
        (
            f"{CELL}google_cloudfunctions2_function.this",
            f"{CELL}google_secret_manager_secret_version.{secret}",
        )
        for secret in ("callers", "closed", "partners", "pseudonym", "viewers")
    ),
    # first the grants to call functions and to make tokens, then subscriptions and jobs
    (
        f"{CELL}google_pubsub_subscription.function",
        f"{CELL}google_cloud_run_v2_service_iam_member.push",
    ),
    (
        f"{CELL}google_pubsub_subscription.function",
        f"{CELL}google_service_account_iam_member.push_token",
    ),
    (f"{CELL}google_pubsub_subscription.function", f"{CELL}google_pubsub_subscription.dead"),
    (
        f"{CELL}google_pubsub_subscription.partner",
        f"{CELL}google_service_account_iam_member.push_token",
    ),
    (
        f"{CELL}google_cloud_scheduler_job.this",
        f"{CELL}google_cloud_run_v2_service_iam_member.scheduler",
    ),
    # first the service account, then the dataset whose access list names it
    (f"{CELL}google_bigquery_dataset.store", f"{CELL}google_service_account.this"),
    # first the authorisation of a dataset, then its views
    (f"{CELL}google_bigquery_dataset.store", f"{CELL}google_bigquery_dataset.bi"),
    (f"{CELL}google_bigquery_dataset.bi", f"{CELL}google_bigquery_dataset.partner"),
    (f"{CELL}google_bigquery_table.view_0", f"{CELL}google_bigquery_dataset.store"),
    (f"{CELL}google_bigquery_table.view_0", f"{CELL}google_bigquery_table.store"),
    (f"{CELL}google_bigquery_table.view_1", f"{CELL}google_bigquery_table.view_0"),
    (f"{CELL}google_bigquery_table.view_2", f"{CELL}google_bigquery_table.view_1"),
    (f"{CELL}google_bigquery_table.view_3", f"{CELL}google_bigquery_table.view_2"),
    # first the key, then the grants on it, then a wait, then the resources that it encrypts
    (f"{CELL}time_sleep.key_grants", f"{CELL}google_kms_crypto_key_iam_member.agent"),
    *(
        (f"{CELL}{encrypted}", f"{CELL}time_sleep.key_grants")
        for encrypted in (
            "google_artifact_registry_repository.images",
            "google_bigquery_dataset.bi",
            "google_bigquery_dataset.store",
            "google_bigquery_table.store",
            "google_cloudfunctions2_function.this",
            "google_logging_project_bucket_config.cell",
            "google_pubsub_topic.this",
            "google_secret_manager_secret.this",
            "google_storage_bucket.data",
            "google_storage_bucket.source",
        )
    ),
]

GRANTS_A_FUNCTION_NEEDS = {
    "google_artifact_registry_repository_iam_member",
    "google_bigquery_table_iam_member",
    "google_project_iam_member",
    "google_pubsub_subscription_iam_member",
    "google_pubsub_topic_iam_member",
    "google_secret_manager_secret_iam_member",
    "google_storage_bucket_iam_member",
}
NEEDED_BY_OTHERS = {
    "google_storage_bucket_iam_member.exports",
    "google_pubsub_subscription_iam_member.dead_letters",
    "google_pubsub_topic_iam_member.dead_letters",
}


@pytest.fixture(scope="module")
def edges(workspace: Workspace) -> dict[str, set[str]]:
    result: dict[str, set[str]] = {}
    for edge in EDGE.finditer(workspace.run("graph").stdout):
        result.setdefault(edge["later"], set()).add(edge["earlier"])
    return result


def _before(edges: dict[str, set[str]], later: str) -> set[str]:
    result: set[str] = set()
    waiting = [later]
    while waiting:
        for earlier in edges.get(waiting.pop(), set()) - result:
            result.add(earlier)
            waiting.append(earlier)
    return result


@pytest.mark.parametrize(("later", "earlier"), ORDER)
def test_the_later_waits_for_the_earlier(
    edges: dict[str, set[str]], later: str, earlier: str
) -> None:
    assert earlier in _before(edges, later)


def test_no_view_waits_for_a_function(edges: dict[str, set[str]]) -> None:
    # Terraform deletes a changed view at once, and creates it again when its turn comes. If views
    # waited for the builds of functions, the view would be missing for minutes, or until a failing
    # build is repaired.
    for wave in range(4):
        before = _before(edges, f"{CELL}google_bigquery_table.view_{wave}")
        assert f"{CELL}google_cloudfunctions2_function.this" not in before


def test_functions_wait_for_every_grant_that_they_need(
    edges: dict[str, set[str]], full_plan: dict[str, Any]
) -> None:
    cell = full_plan["configuration"]["root_module"]["module_calls"]["cell"]["module"]
    grants = {
        f"{resource['type']}.{resource['name']}"
        for resource in cell["resources"]
        if resource["type"] in GRANTS_A_FUNCTION_NEEDS
    }
    before = _before(edges, f"{CELL}time_sleep.permissions")

    assert {f"{CELL}{grant}" for grant in grants - NEEDED_BY_OTHERS} <= before


def test_a_cell_waits_for_apis_and_agents(full_plan: dict[str, Any]) -> None:
    call = full_plan["configuration"]["root_module"]["module_calls"]["cell"]

    assert set(call["depends_on"]) == {
        "time_sleep.apis",
        "google_project_service_identity.agent",
        "google_project_iam_member.agent",
        "data.google_bigquery_default_service_account.agent",
        "data.google_storage_project_service_account.agent",
    }
