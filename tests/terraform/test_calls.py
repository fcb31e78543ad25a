"""Each call that the functions make is allowed by a grant, and each grant is used by a call."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from functions import FUNCTIONS
from functions.warehouse.schema import SQL
from local.cell import Cell
from tests.calls.recorded import CALLS, Call, committed
from tests.terraform.resources import of_type
from tests.terraform.test_access import Grant, granted
from tests.terraform.workspace import ROOT

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

TABLE: dict[str, Any] = yaml.safe_load((CALLS.parent / "permissions.yaml").read_text())
ACCOUNTS = {*FUNCTIONS, "push", "scheduler"}
"""The service accounts whose calls the tests know: those of functions, pushes and scheduler."""

CELL = Cell(1, "", Path(), "")
JOBS = {
    url.rsplit("/", 1)[-1]: function
    for _, url in CELL.jobs()
    for function in FUNCTIONS
    if url.startswith(f"{CELL.url(function)}/")
}
"""The functions that the scheduler calls; `test_agreement` compares its jobs with the plan."""

Roles = Mapping[str, Collection[str]]
"""The permissions of each role."""


def places(resource: str) -> set[str]:
    """Return the resources whose grants cover a resource: itself, its dataset and the project."""
    result = {resource, "project"}
    if resource.startswith("table "):
        name = resource.removeprefix("table ")
        is_stored = (SQL / "store" / f"{name}.json").exists()
        result.add("dataset store" if is_stored else "dataset bi")
    return result


def permissions_of(call: Call) -> list[str]:
    function, operation, _ = call
    if function in TABLE["unneeded"].get(operation, ()):
        return []
    needed: list[str] = TABLE["calls"][operation]
    return needed


def missing(calls: set[Call], grants: set[Grant], roles: Roles) -> set[tuple[str, str, str]]:
    """Return what calls need but no grant allows, as (function, permission, resource)."""
    return {
        (call[0], permission, call[2])
        for call in calls
        for permission in permissions_of(call)
        if not any(
            who == call[0] and on in places(call[2]) and permission in roles.get(role, ())
            for who, role, on in grants
        )
    }


def unused(calls: set[Call], grants: set[Grant], roles: Roles) -> set[Grant]:
    """Return the grants of service accounts that no call needs."""
    return {
        (who, role, on)
        for who, role, on in grants
        if who in ACCOUNTS
        and not any(
            call[0] == who
            and on in places(call[2])
            and not set(roles[role]).isdisjoint(permissions_of(call))
            for call in calls
        )
    }


@pytest.fixture(scope="module")
def calls(full_plan: dict[str, Any]) -> set[Call]:
    """The calls that were recorded, those of longer tests, and those that follow from the plan."""
    elsewhere = {(who, operation, on) for who, operation, on, _ in TABLE["elsewhere"]}
    return committed() | elsewhere | planned(full_plan["planned_values"])


def planned(values: dict[str, Any]) -> set[Call]:
    """Return the calls that Google makes because of the configuration: secrets, pushes, jobs."""
    mounted = {
        (_key(resource.address), "mounted secret", _secret(volume))
        for resource in of_type(values, "google_cloudfunctions2_function")
        for volume in resource.values["service_config"][0]["secret_volumes"]
    }
    pushes = {
        ("push", "invoke", f"function {_key(resource.address)}")
        for resource in of_type(values, "google_pubsub_subscription")
        if resource.name == "function"
    }
    jobs = {
        ("scheduler", "invoke", f"function {JOBS[_key(resource.address)]}")
        for resource in of_type(values, "google_cloud_scheduler_job")
    }
    assert mounted
    assert pushes
    assert jobs
    return mounted | pushes | jobs


def _key(address: str) -> str:
    return address.rsplit('["', maxsplit=1)[-1].removesuffix('"]')


def _secret(volume: dict[str, Any]) -> str:
    name: str = volume["secret"]
    return "secret " + name.rsplit("-", 1)[-1]


@pytest.fixture(scope="module")
def grants(full_plan: dict[str, Any]) -> set[Grant]:
    return granted(full_plan)


@pytest.fixture(scope="module")
def roles(full_plan: dict[str, Any]) -> Roles:
    """Google's roles from the table, and the roles that the plan defines."""
    own = {
        role.name: role.values["permissions"]
        for role in of_type(full_plan["planned_values"], "google_project_iam_custom_role")
    }
    return {**TABLE["roles"], **own}


def test_every_call_is_allowed(calls: set[Call], grants: set[Grant], roles: Roles) -> None:
    assert missing(calls, grants, roles) == set()


def test_every_grant_is_used(calls: set[Call], grants: set[Grant], roles: Roles) -> None:
    unseen = {(who, role, on) for who, role, on, _ in TABLE["unseen"]}
    assert unused(calls, grants, roles) == unseen


def test_each_call_and_each_role_is_in_the_table(
    calls: set[Call], grants: set[Grant], roles: Roles
) -> None:
    assert {operation for _, operation, _ in calls} <= TABLE["calls"].keys()
    assert {role for who, role, _ in grants if who in ACCOUNTS} <= roles.keys()
    assert {who for who, _, _ in calls} == ACCOUNTS


def test_calls_of_longer_tests_are_not_recorded_elsewhere() -> None:
    for who, operation, on, test in TABLE["elsewhere"]:
        assert (ROOT / test).exists()
        assert (who, operation, on) not in committed()


def test_receive_and_load_may_only_add_data(grants: set[Grant], roles: Roles) -> None:
    may = {
        who: {
            (permission, on.split()[0])
            for account, role, on in grants
            if account == who
            for permission in roles[role]
        }
        for who in ("receive", "load")
    }

    assert may["receive"] == {
        ("pubsub.topics.publish", "topic"),
        ("storage.objects.create", "bucket"),
        ("secretmanager.versions.access", "secret"),
    }
    assert may["load"] == {
        ("bigquery.tables.get", "table"),
        ("bigquery.tables.updateData", "table"),
        ("storage.objects.create", "bucket"),
        ("secretmanager.versions.access", "secret"),
    }


def test_a_new_call_and_a_spare_grant_are_found(
    calls: set[Call], grants: set[Grant], roles: Roles
) -> None:
    upload = "POST /upload/storage/v1/b/*/o"
    new = {
        ("dashboard", "SELECT", "table identities_v1"),
        ("load", "DML", "table erasures_v1"),
        ("receive", upload, "bucket data"),
    }
    assert missing(calls | new, grants, roles) == {
        ("dashboard", "bigquery.tables.getData", "table identities_v1"),
        ("load", "bigquery.tables.getData", "table erasures_v1"),
        ("load", "bigquery.tables.updateData", "table erasures_v1"),
        ("receive", "storage.objects.delete", "bucket data"),
    }
    spare = ("dashboard", "roles/bigquery.dataViewer", "table identities_v1")
    assert spare in unused(calls, grants | {spare}, roles)
