"""Apply, plan again, upgrade, destroy: Terraform never replaces a resource that has data."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.protection import protected
from tests.terraform.readme import commands, shell
from tests.terraform.resources import managed, of_type
from tests.terraform.scenarios import SMALL
from tests.terraform.workspace import Workspace

pytestmark = [pytest.mark.terraform, pytest.mark.soak, pytest.mark.xdist_group("life")]

RENEWED = {
    "google_secret_manager_secret_version.callers",
    "google_secret_manager_secret_version.partners",
    "google_secret_manager_secret_version.viewers",
    "google_storage_bucket_object.functions",
}
"""Versions of a value: Terraform creates the new version before it deletes the old one."""

ANEW = {"time_sleep.permissions", *(f"google_bigquery_table.view_{wave}" for wave in range(4))}
"""Resources that a change may replace, because they have no data: a wait, and views."""


def changes(plan: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        change["address"]: tuple(change["change"]["actions"])
        for change in plan["resource_changes"]
        if change["change"]["actions"] not in (["no-op"], ["read"])
    }


def is_gentle(address: str, actions: tuple[str, ...]) -> bool:
    resource = address.split(".", 2)[-1]
    if actions == ("delete", "create"):
        return resource.split("[")[0] in ANEW
    return actions in {("create",), ("update",)} or (
        resource in RENEWED and actions == ("create", "delete")
    )


def test_a_second_plan_is_empty(applied: Workspace) -> None:
    before = applied.zip.read_bytes()
    for file in applied.folder.rglob("*.py"):  # another checkout of the same version
        file.chmod(0o600)
        os.utime(file, (0, 0))

    assert changes(applied.plan(SMALL)) == {}
    assert applied.zip.read_bytes() == before


CELL = 'module.cell["eu"].'

ANEW_ACTIONS = ("delete", "create")

Upgrade = Callable[[Workspace], dict[str, Any]]


def a_grown_catalogue(workspace: Workspace) -> dict[str, Any]:
    table = workspace.folder / "sql" / "store" / "events_v1.json"
    described = json.loads(table.read_text())
    described["schema"].append({"name": "grown", "type": "STRING", "mode": "NULLABLE"})
    table.write_text(json.dumps(described))
    view = workspace.folder / "sql" / "bi" / "events" / "event_grown.sql"
    view.write_text("-- grain: one row per event\nSELECT 1 AS one FROM `${bi}.events`\n")
    columns = [{"name": "one", "type": "INTEGER", "mode": "NULLABLE", "description": "One."}]
    view.with_suffix(".json").write_text(json.dumps(columns))
    return SMALL


def another_query(workspace: Workspace) -> dict[str, Any]:
    """Change the query of a view that most other views read."""
    view = workspace.folder / "sql" / "bi" / "events.sql"
    view.write_text(view.read_text().rstrip() + "\n-- another text\n")
    return SMALL


def another_column(workspace: Workspace) -> dict[str, Any]:
    columns = workspace.folder / "sql" / "bi" / "events.json"
    described = json.loads(columns.read_text())
    described.append({"name": "grown", "type": "STRING", "mode": "NULLABLE", "description": "G."})
    columns.write_text(json.dumps(described))
    return SMALL


def a_new_event(workspace: Workspace) -> dict[str, Any]:
    """Add an event as a change of the catalogue does: code, a field of a RECORD, and a view."""
    changed_code(workspace)
    table = workspace.folder / "sql" / "store" / "events_v1.json"
    described = json.loads(table.read_text())
    properties = next(column for column in described["schema"] if column["name"] == "properties")
    properties["fields"].append({"name": "grown", "type": "STRING", "mode": "NULLABLE"})
    table.write_text(json.dumps(described))
    return another_query(workspace)


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
    """Remove the version from the state, as if a person had destroyed it at Google."""
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
      bucket      = "roles/storage.objectCreator"
      appends     = ["identities_v1"]
      tables      = ["events_v1"]
      reads       = ["daily_v1"]
      views       = true
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
    """Add an entry to the maps of functions, deliveries and jobs; the rest follows from them."""
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
                f'{CELL}google_bigquery_table.view_2["chat_eu.event_grown"]': ("create",),
                f'{CELL}terraform_data.column["events_v1.grown"]': ("create",),
            },
        ),
        (another_query, {f'{CELL}google_bigquery_table.view_1["chat_eu.events"]': ANEW_ACTIONS}),
        (another_column, {f'{CELL}google_bigquery_table.view_1["chat_eu.events"]': ANEW_ACTIONS}),
        (
            a_new_event,
            {
                f'{CELL}google_bigquery_table.store["events_v1"]': ("update",),
                f'{CELL}terraform_data.column["events_v1.properties.grown"]': ("create",),
                f'{CELL}google_cloudfunctions2_function.this["load"]': ("update",),
                f'{CELL}google_bigquery_table.view_1["chat_eu.events"]': ANEW_ACTIONS,
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
                # The real provider replaces it. The offline provider does not know that rule.
                f"{CELL}time_sleep.permissions": ("update",),
                f"{CELL}google_bigquery_dataset.bi": ("update",),
                **{
                    f"{CELL}{resource}": ("create",)
                    for resource in (
                        'google_bigquery_table_iam_member.function["extra/events_v1"]',
                        'google_bigquery_table_iam_member.reader["extra/daily_v1"]',
                        'google_bigquery_table_iam_member.append["extra/identities_v1"]',
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
            # Terraform may write the list again; its text says that it is not the first list.
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

    actual = changes(upgraded.plan(upgrade(upgraded), "-refresh=false"))

    assert {address: actual.get(address) for address in expected} == expected
    # No view is deleted that `expected` does not name.
    assert [
        address
        for address, actions in actual.items()
        if ".view_" in address and "delete" in actions and address not in expected
    ] == []
    assert {
        address: actions for address, actions in actual.items() if not is_gentle(address, actions)
    } == {}


def test_no_grant_is_on_a_view(applied: Workspace) -> None:
    planned = applied.state()["values"]
    granted = {
        resource.values["dataset_id"]
        for resource in of_type(planned, "google_bigquery_table_iam_member")
    }
    [bi] = [
        resource
        for resource in of_type(planned, "google_bigquery_dataset")
        if resource.values["dataset_id"] == "chat_eu"
    ]
    readers = {
        access["user_by_email"] for access in bi.values["access"] if access["role"] == "READER"
    }

    assert granted == {"chat_eu_store"}
    assert readers == {
        f"chat-eu-{function}@acme-chat-prod.iam.gserviceaccount.com"
        for function in ("operate", "privacy")
    }


def without_a_column(workspace: Workspace) -> str:
    return _without(workspace, lambda schema: schema.pop(-1))


def without_a_field(workspace: Workspace) -> str:
    return _without(
        workspace, lambda schema: next(each for each in schema if "fields" in each)["fields"].pop()
    )


def _without(workspace: Workspace, drop: Callable[[list[dict[str, Any]]], Any]) -> str:
    table = workspace.folder / "sql" / "store" / "events_v1.json"
    described = json.loads(table.read_text())
    dropped: str = drop(described["schema"])["name"]
    table.write_text(json.dumps(described))
    return f"{dropped}"


@pytest.mark.parametrize("drop", [without_a_column, without_a_field])
def test_a_plan_that_drops_a_column_is_refused(
    applied: Workspace,
    tmp_path_factory: pytest.TempPathFactory,
    drop: Callable[[Workspace], str],
) -> None:
    # As after a return to an older version, which has its own files of tables.
    older = applied.copy(tmp_path_factory.mktemp("older"))
    dropped = drop(older)

    said = older.refused(SMALL)

    assert "Instance cannot be destroyed" in said
    assert "terraform_data.column" in said
    assert f'{dropped}"]' in said


def test_a_saved_plan_fails_without_its_zip(
    applied: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    upgraded = applied.copy(tmp_path_factory.mktemp("elsewhere"))
    zipped = f"-target={CELL}google_storage_bucket_object.functions"
    upgraded.plan(changed_code(upgraded), "-refresh=false", zipped)
    made = upgraded.zip
    content = made.read_bytes()

    for other in (None, b"another zip"):
        made.unlink() if other is None else made.write_bytes(other)
        done = upgraded.run("apply", "-no-color", "plan.out", check=False)
        assert done.returncode == 1
        said = " ".join(done.stderr.replace("│", " ").split())
        assert f"terraform/.terraform/{made.name}, is not here" in said
        upgraded.plan(SMALL, "-refresh=false", zipped)  # the failed apply made the old plan stale

    assert upgraded.zip.read_bytes() == content
    upgraded.run("apply", "-no-color", "plan.out")


def test_a_checkout_with_other_line_endings_plans_no_change(
    applied: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # Git on Windows with `core.autocrlf` writes these line endings, if .gitattributes is missing.
    other = applied.copy(tmp_path_factory.mktemp("windows"))
    for name in ("functions", "sql"):
        for file in (other.folder / name).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))

    assert changes(other.plan(SMALL, "-refresh=false")) == {}


def names(state: dict[str, Any]) -> set[str]:
    return {resource.address for resource in managed(state["values"])}


def test_a_destroy_by_mistake_fails_and_deletes_nothing(
    applied: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mistaken = applied.copy(tmp_path_factory.mktemp("mistaken"))
    before = names(mistaken.state())

    said = mistaken.destroy(SMALL, check=False)

    assert said.returncode == 1
    assert "Instance cannot be destroyed" in said.stderr
    assert names(mistaken.state()) == before


def test_destroy_goes_through_as_the_readme_says(
    applied: Workspace, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    leaving = applied.copy(tmp_path_factory.mktemp("leaving"))
    every = names(leaving.state())

    shell(commands("state rm"), leaving, tmp_path)
    released = every - names(leaving.state())
    leaving.destroy(SMALL)

    assert {resource.split("[")[1].split("].")[1] for resource in released} == {
        f"{kind}.{name}" for kind, name in protected() if not kind.startswith("google_kms_")
    }
    assert "values" not in leaving.state()
