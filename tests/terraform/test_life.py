"""Apply, a second plan, upgrades, destroy: what has data is never replaced."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.terraform.scenarios import SMALL
from tests.terraform.workspace import Workspace

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("life")]

RENEWED = {
    "google_secret_manager_secret_version.callers",
    "google_secret_manager_secret_version.partners",
    "google_secret_manager_secret_version.viewers",
    "google_storage_bucket_object.functions",
}
"""Versions of a value: the new one is made before the old one goes."""


def changes(plan: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        change["address"]: tuple(change["change"]["actions"])
        for change in plan["resource_changes"]
        if change["change"]["actions"] not in (["no-op"], ["read"])
    }


def is_gentle(address: str, actions: tuple[str, ...]) -> bool:
    renewed = address.split(".", 2)[-1] in RENEWED
    return actions in {("create",), ("update",)} or (renewed and actions == ("create", "delete"))


def test_a_second_plan_is_empty(applied: Workspace) -> None:
    before = applied.zip.read_bytes()
    for file in applied.folder.rglob("*.py"):  # another checkout of the same version
        file.chmod(0o600)
        os.utime(file, (0, 0))

    assert changes(applied.plan(SMALL)) == {}
    assert applied.zip.read_bytes() == before


CELL = 'module.cell["eu"].'

Upgrade = Callable[[Workspace], dict[str, Any]]


def a_grown_catalogue(workspace: Workspace) -> dict[str, Any]:
    table = workspace.folder / "sql" / "store" / "events_v1.json"
    described = json.loads(table.read_text())
    described["schema"].append({"name": "grown", "type": "STRING", "mode": "NULLABLE"})
    table.write_text(json.dumps(described))
    view = workspace.folder / "sql" / "bi" / "event_grown.sql"
    view.write_text("-- grain: one row per event\nSELECT 1 AS one FROM `${bi}.events`\n")
    columns = [{"name": "one", "type": "INTEGER", "mode": "NULLABLE", "description": "One."}]
    view.with_suffix(".json").write_text(json.dumps(columns))
    return SMALL


def a_rotated_token(_workspace: Workspace) -> dict[str, Any]:
    partner = SMALL["partners"]["acme"] | {"tokens": ["1", "2"]}
    return SMALL | {"partners": {"acme": partner}}


def a_new_partner(_workspace: Workspace) -> dict[str, Any]:
    new = {"projects": {"globex": {"cell": "eu"}}, "readers": ["team@globex.example"]}
    return SMALL | {"partners": SMALL["partners"] | {"globex": new}}


def changed_code(workspace: Workspace) -> dict[str, Any]:
    main = workspace.folder / "main.py"
    main.write_text(main.read_text() + "# changed\n")
    return SMALL


def a_new_key_space(_workspace: Workspace) -> dict[str, Any]:
    return SMALL | {"cells": {"eu": {"region": "europe-west1", "pseudonym_key_version": 2}}}


def a_closed_list_that_is_gone(workspace: Workspace) -> dict[str, Any]:
    """As when somebody destroys the version: it is not in Google, and so not in the state."""
    workspace.run("state", "rm", f"{CELL}google_secret_manager_secret_version.closed")
    return SMALL


ENTRIES = {
    "functions.tf": (
        "    operate = {\n",
        """
    extra = {
      description = "Does more"
      ingress     = "ALLOW_INTERNAL_ONLY"
      concurrency = 8
      memory      = "1Gi"
      timeout     = 60
      max         = 1
      publishes   = ["events"]
      subscribes  = ["dead"]
      bucket      = true
      tables      = ["events_v1"]
      reads       = ["daily_v1"]
      views       = ["events"]
      queries     = true
      adds        = ["closed"]
      invokers    = ["people@acme.example"]
      environment = { CELL = var.name }
      secrets     = { "/secrets/partners" = "partners" }
    }
""",
    ),
    "pubsub.tf": (
        "    load    = {",
        """
    extra = { path = "/x", filter = "attributes.kind = \\"room\\"" }
""",
    ),
    "scheduler.tf": (
        "    settle = {\n",
        """
    extra = {
      description = "Runs more"
      function    = "extra"
      path        = "/x"
      schedule    = "0 1 * * *"
      deadline    = 60
      late_after  = 90000
    }
""",
    ),
}


def a_new_function(workspace: Workspace) -> dict[str, Any]:
    """One entry each in the maps of functions, deliveries and jobs; all else follows."""
    for name, (place, entry) in ENTRIES.items():
        file = workspace.configuration / "modules" / "cell" / name
        before, found, after = file.read_text().partition(place)
        file.write_text(before + entry.lstrip("\n") + found + after)
    return SMALL


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        (
            a_grown_catalogue,
            {
                f'{CELL}google_bigquery_table.store["events_v1"]': ("update",),
                f'{CELL}google_bigquery_table.view_1["chat_eu.event_grown"]': ("create",),
            },
        ),
        (
            a_rotated_token,
            {
                'random_password.token["acme/2"]': ("create",),
                f"{CELL}google_secret_manager_secret_version.partners": ("create", "delete"),
            },
        ),
        (
            a_new_partner,
            {
                f'{CELL}google_bigquery_dataset.partner["globex"]': ("create",),
                f"{CELL}google_bigquery_dataset.bi": ("update",),
                f"{CELL}google_secret_manager_secret_version.partners": ("create", "delete"),
                f"{CELL}google_secret_manager_secret_version.viewers": ("create", "delete"),
                f"{CELL}google_secret_manager_secret_version.callers": ("create", "delete"),
            },
        ),
        (
            changed_code,
            {
                f'{CELL}google_cloudfunctions2_function.this["receive"]': ("update",),
                f"{CELL}google_storage_bucket_object.functions": ("create", "delete"),
            },
        ),
        (
            a_new_function,
            {
                **{
                    f"{CELL}{resource}": ("create",)
                    for resource in (
                        'google_bigquery_table_iam_member.function["extra/events_v1"]',
                        'google_bigquery_table_iam_member.reader["extra/daily_v1"]',
                        'google_bigquery_table_iam_member.views["extra/events"]',
                        'google_cloud_run_v2_service_iam_member.people["extra/people@acme.example"]',
                        'google_cloud_run_v2_service_iam_member.push["extra"]',
                        'google_cloud_run_v2_service_iam_member.scheduler["extra"]',
                        'google_cloud_scheduler_job.this["extra"]',
                        'google_cloudfunctions2_function.this["extra"]',
                        'google_monitoring_alert_policy.this["job_extra"]',
                        'google_project_iam_member.function_jobs["extra"]',
                        'google_pubsub_subscription.function["extra"]',
                        'google_pubsub_subscription_iam_member.dead_letters["extra"]',
                        'google_pubsub_subscription_iam_member.function["extra/dead"]',
                        'google_pubsub_topic_iam_member.publisher["extra/events"]',
                        'google_secret_manager_secret_iam_member.adder["extra/closed"]',
                        'google_secret_manager_secret_iam_member.function["extra/partners"]',
                        'google_service_account.this["extra"]',
                        'google_storage_bucket_iam_member.data["extra"]',
                    )
                },
            },
        ),
        (
            a_new_key_space,
            {f'{CELL}google_secret_manager_secret_version.pseudonym["2"]': ("create",)},
        ),
        (
            # Nothing keeps Terraform from it: the list says itself that it is not the first.
            a_closed_list_that_is_gone,
            {f"{CELL}google_secret_manager_secret_version.closed": ("create",)},
        ),
    ],
)
def test_an_upgrade_replaces_nothing(
    applied: Workspace,
    tmp_path_factory: pytest.TempPathFactory,
    upgrade: Upgrade,
    expected: dict[str, tuple[str, ...]],
) -> None:
    upgraded = applied.copy(tmp_path_factory.mktemp("upgraded"))

    found = changes(upgraded.plan(upgrade(upgraded), "-refresh=false"))

    assert {address: found.get(address) for address in expected} == expected
    assert {
        address: actions for address, actions in found.items() if not is_gentle(address, actions)
    } == {}


def test_destroy_goes_through(applied: Workspace, tmp_path_factory: pytest.TempPathFactory) -> None:
    leaving = applied.copy(tmp_path_factory.mktemp("leaving"))

    leaving.destroy(SMALL)

    assert "values" not in leaving.state()
