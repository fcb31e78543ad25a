"""Each call that the functions make is allowed by a grant, and each grant is used by a call."""

from typing import Any

import pytest
import yaml

from functions.warehouse import SQL
from tests.calls.recorded import CALLS, Call, committed
from tests.terraform.resources import of_type
from tests.terraform.test_access import Grant, granted

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

TABLE: dict[str, Any] = yaml.safe_load((CALLS.parent / "permissions.yaml").read_text())
FUNCTIONS = {"receive", "load", "operate", "dashboard", "privacy"}


def places(resource: str) -> set[str]:
    """Return where a grant on a resource may be: on itself, its dataset, or the project."""
    found = {resource, "project"}
    if resource.startswith("table "):
        name = resource.removeprefix("table ")
        is_stored = (SQL / "store" / f"{name}.json").exists()
        found.add("dataset store" if is_stored else "dataset bi")
    return found


def permissions_of(call: Call) -> list[str]:
    function, operation, _ = call
    if function in TABLE["unneeded"].get(operation, ()):
        return []
    needed: list[str] = TABLE["calls"][operation]
    return needed


def missing(calls: set[Call], grants: set[Grant]) -> set[tuple[str, str, str]]:
    """Return what calls need and no grant gives: function, permission, resource."""
    return {
        (call[0], permission, call[2])
        for call in calls
        for permission in permissions_of(call)
        if not any(
            who == call[0] and on in places(call[2]) and permission in TABLE["roles"].get(role, ())
            for who, role, on in grants
        )
    }


def unused(calls: set[Call], grants: set[Grant]) -> set[Grant]:
    """Return the functions' grants that no call needs."""
    return {
        (who, role, on)
        for who, role, on in grants
        if who in FUNCTIONS
        and not any(
            call[0] == who
            and on in places(call[2])
            and not set(TABLE["roles"][role]).isdisjoint(permissions_of(call))
            for call in calls
        )
    }


@pytest.fixture(scope="module")
def calls(full_plan: dict[str, Any]) -> set[Call]:
    """The recorded calls, and the reading of what is mounted."""
    mounted = {
        (found.address.split('["')[-1].removesuffix('"]'), "mounted secret", _secret(volume))
        for found in of_type(full_plan["planned_values"], "google_cloudfunctions2_function")
        for volume in found.values["service_config"][0]["secret_volumes"]
    }
    assert mounted
    return committed() | mounted


def _secret(volume: dict[str, Any]) -> str:
    return "secret " + volume["secret"].rsplit("-", 1)[-1]


@pytest.fixture(scope="module")
def grants(full_plan: dict[str, Any]) -> set[Grant]:
    return granted(full_plan)


def test_every_call_is_allowed(calls: set[Call], grants: set[Grant]) -> None:
    assert missing(calls, grants) == set()


def test_every_grant_is_used(calls: set[Call], grants: set[Grant]) -> None:
    unseen = {(who, role, on) for who, role, on, _ in TABLE["unseen"]}
    assert unused(calls, grants) == unseen


def test_each_call_and_each_role_is_in_the_table(calls: set[Call], grants: set[Grant]) -> None:
    assert {operation for _, operation, _ in calls} <= TABLE["calls"].keys()
    assert {role for who, role, _ in grants if who in FUNCTIONS} <= TABLE["roles"].keys()


def test_a_new_call_and_a_spare_grant_are_found(calls: set[Call], grants: set[Grant]) -> None:
    new = {("dashboard", "SELECT", "table identities_v1"), ("load", "DML", "table erasures_v1")}
    assert missing(calls | new, grants) == {
        ("dashboard", "bigquery.tables.getData", "table identities_v1"),
        ("load", "bigquery.tables.getData", "table erasures_v1"),
        ("load", "bigquery.tables.updateData", "table erasures_v1"),
    }
    spare = ("dashboard", "roles/bigquery.dataViewer", "table identities_v1")
    assert spare in unused(calls, grants | {spare})
