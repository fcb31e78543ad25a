"""Least privilege: a plan has exactly the grants that the table in terraform/README.md explains."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.terraform.resources import Resource, managed, of_type
from tests.terraform.workspace import ROOT

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

ROW = re.compile(
    r"^\| (?P<who>[^|]+) \| `(?P<role>[^`]+)` \| (?P<on>[^|]+) \| [^|]+ \|$", re.MULTILINE
)
BASIC = {"roles/owner", "roles/editor", "roles/viewer", "roles/browser"}

NAMED = {
    "callers": "privacy callers",
    "exports": "privacy callers",
    "finders": "viewers",
    "people": "operators",
    "viewers": "viewers",
}
"""The table's word for people who get a grant, by the name of the resource that makes the grant.
People in other resources are readers."""

ACCOUNT = re.compile(r'google_service_account\.this\["(\w+)"\]')

Grant = tuple[str, str, str]


def documented() -> set[Grant]:
    text = (ROOT / "terraform" / "README.md").read_text().split("## Who may do what")[1]
    return {(row["who"], row["role"], row["on"]) for row in ROW.finditer(text)}


def granted(plan: dict[str, Any]) -> set[Grant]:
    """Return the grants of a plan in the words of the table.

    Some members are only known after the apply; for those, the configuration says who they are.
    """
    references = _references(plan["configuration"]["root_module"])
    found: set[Grant] = set()
    for resource in managed(plan["planned_values"]):
        if resource.type.endswith(("_iam_member", "_iam_binding", "_iam_policy")):
            found.add(_iam(resource, references))
        elif resource.type == "google_bigquery_dataset":
            expressions = references[f"{resource.type}.{resource.name}"]
            found.update(_accesses(resource, expressions))
    return found


def _references(root: dict[str, Any]) -> dict[str, dict[str, Any]]:
    resources = root["resources"] + root["module_calls"]["cell"]["module"]["resources"]
    return {f"{found['type']}.{found['name']}": found.get("expressions", {}) for found in resources}


def _iam(resource: Resource, references: dict[str, dict[str, Any]]) -> Grant:
    expressions = references[f"{resource.type}.{resource.name}"]
    role = resource.values.get("role")
    if role is None:  # a role that the cell defines; its id has a random part
        [role] = re.findall(
            r"custom_role\.(\w+)(?:\[0\])?\.name", " ".join(expressions["role"]["references"])
        )
    return _who(resource, expressions), role, _on(resource, expressions)


def _who(resource: Resource, expressions: dict[str, Any]) -> str:
    member = resource.values.get("member", "")
    if member == "allUsers":
        return "everybody"
    if resource.name in NAMED or member.startswith("group:"):
        return NAMED.get(resource.name, "readers")
    if resource.name == "agent":
        on_keys = resource.type == "google_kms_crypto_key_iam_member"
        return "agents that encrypt" if on_keys else "agents of Google"
    referred = " ".join(expressions["member"].get("references", []))
    if agent := re.search(r"var\.agents\.(\w+)", referred):
        return {
            "pubsub": "agent of Pub/Sub",
            "scheduler": "agent of Cloud Scheduler",
            "iap": "agent of Identity-Aware Proxy",
        }[agent[1]]
    if account := ACCOUNT.search(referred):
        return account[1]
    return _key(resource).split("/")[0]


def _key(resource: Resource) -> str:
    """Return the ``for_each`` key in an address, such as ``load`` in ``...["load"]``."""
    return resource.address.rsplit('["', 1)[-1].removesuffix('"]')


def _on(resource: Resource, expressions: dict[str, Any]) -> str:
    values = resource.values
    kind = resource.type.removeprefix("google_").removesuffix("_iam_member")
    if kind == "project" and values.get("condition"):
        bucket = re.search(r"buckets/(gcf-v2-sources)-", values["condition"][0]["expression"])
        return f"project, if {bucket[1] if bucket else '?'}"
    if kind == "storage_bucket" and values.get("condition"):
        prefix = re.search(r"/objects/(\w+)/", values["condition"][0]["expression"])
        return f"bucket data, if {prefix[1] if prefix else '?'}"
    if kind == "service_account":
        return "account " + (_index(expressions["service_account_id"]) or _key(resource))
    named: dict[str, Callable[[], str]] = {
        "artifact_registry_repository": lambda: "repository images",
        "bigquery_table": lambda: "table " + values["table_id"],
        "cloud_run_v2_service": lambda: "function " + values["name"].rsplit("-", 1)[-1],
        "iap_web_cloud_run_service": lambda: (
            "function " + values["cloud_run_service_name"].rsplit("-", 1)[-1]
        ),
        "kms_crypto_key": lambda: "key",
        "project": lambda: "project",
        "pubsub_subscription": lambda: "subscription " + _key(resource).split("/")[-1],
        "pubsub_topic": lambda: (
            "topic " + (_index(expressions["topic"]) or _key(resource).split("/")[-1])
        ),
        "secret_manager_secret": lambda: "secret " + _key(resource).split("/")[-1],
        "storage_bucket": lambda: (
            "bucket " + ("source" if values["bucket"].endswith("-source") else "data")
        ),
    }
    return named[kind]()


def _index(expression: dict[str, Any]) -> str:
    found = re.search(r'\["(\w+)"\]', " ".join(expression["references"]))
    return found[1] if found else ""


def _accesses(dataset: Resource, expressions: dict[str, Any]) -> Iterator[Grant]:
    kind = _kind(dataset.values["dataset_id"])
    for access in dataset.values["access"]:
        if access["dataset"]:
            authorised = access["dataset"][0]
            of = _kind(authorised["dataset"][0]["dataset_id"])
            yield f"views of {of}", "+".join(authorised["target_types"]), f"dataset {kind}"
        elif access["special_group"]:
            who = {"projectOwners": "project owners"}[access["special_group"]]
            yield who, access["role"], f"dataset {kind}"
        elif access["group_by_email"]:
            yield "readers", access["role"], f"dataset {kind}"
        elif access.get("user_by_email"):
            account = access["user_by_email"].split("@")[0].rsplit("-", 1)[-1]
            yield account, access["role"], f"dataset {kind}"
        else:
            [account] = set(ACCOUNT.findall(json.dumps(expressions["access"]).replace('\\"', '"')))
            yield account, access["role"], f"dataset {kind}"


def _kind(dataset_id: str) -> str:
    parts = dataset_id.split("_")
    if len(parts) == 2:
        return "bi"
    return "store" if parts[2:] == ["store"] else "partner"


def test_the_grants_are_those_that_the_readme_explains(full_plan: dict[str, Any]) -> None:
    assert granted(full_plan) == documented()


def test_no_member_has_a_basic_role_and_only_receive_is_public(full_plan: dict[str, Any]) -> None:
    members = [
        resource
        for resource in managed(full_plan["planned_values"])
        if "_iam_" in resource.type and resource.type != "google_project_iam_audit_config"
    ]
    open_doors = {
        resource.values["name"]
        for resource in members
        if resource.values.get("member") in {"allUsers", "allAuthenticatedUsers"}
    }

    assert not [found.address for found in members if found.values.get("role") in BASIC]
    assert open_doors == {"chat-eu-receive", "chat-us-receive"}
    kinds = {resource.type for resource in members if not resource.type.endswith("_iam_member")}
    assert kinds == {"google_project_iam_custom_role"}


def test_custom_roles_have_only_the_permissions_that_they_need(full_plan: dict[str, Any]) -> None:
    roles = of_type(full_plan["planned_values"], "google_project_iam_custom_role")

    assert {(role.name, *sorted(role.values["permissions"])) for role in roles} == {
        ("append", "bigquery.tables.get", "bigquery.tables.updateData"),
        ("find", "run.services.get"),
        ("reserve", "bigquery.reservations.use"),
    }


def test_privacy_callers_may_only_fetch_exports_of_their_projects(
    full_plan: dict[str, Any],
) -> None:
    objects = "projects/_/buckets/acme-chat-prod-chat-us/objects/"
    granted = {
        (found.values["member"], found.values["condition"][0]["expression"])
        for found in managed(full_plan["planned_values"])
        if found.type == "google_storage_bucket_iam_member"
        and (found.cell, found.name) == ("us", "exports")
    }

    of_acme = [
        f'resource.name.startsWith("{objects}exports/acme/{project}/")'
        for project in ("acme-prod", "acme-us")
    ]
    assert granted == {
        ("user:lea@acme.example", of_acme[1]),
        ("serviceAccount:backend@acme.iam.gserviceaccount.com", " || ".join(of_acme)),
    }


def test_a_grant_without_an_explanation_is_found(full_plan: dict[str, Any]) -> None:
    rows = documented()
    rows.discard(("load", "roles/storage.objectCreator", "bucket data"))

    assert granted(full_plan) - rows == {("load", "roles/storage.objectCreator", "bucket data")}
