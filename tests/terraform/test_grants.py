"""A change of the variables deletes no grant by mistake.

If Terraform replaces a grant, it may create the new one before it deletes the old one. Both are the
same entry in Google's policy, so the deletion would remove the entry, and the grant is lost.
"""

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.terraform.scenarios import KEYED
from tests.terraform.workspace import ROOT, Workspace

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("keyed")]

Change = Callable[[dict[str, Any]], None]


def _budget(variables: dict[str, Any]) -> None:
    variables["budget"] = {"billing_account": "000000-111111-222222", "amount": 100}


def _quota(variables: dict[str, Any]) -> None:
    variables["query_quota_tib_per_user_per_day"] = 600


def _another_cell(variables: dict[str, Any]) -> None:
    variables["cells"]["asia"] = {"region": "asia-east1", "gdpr": False, "cmek": True}


def _another_partner(variables: dict[str, Any]) -> None:
    variables["partners"]["globex"] = {
        "projects": {"globex": {"cell": "eu"}},
        "readers": ["team@globex.example"],
        "viewers": ["ann@acme.example"],
        "privacy_callers": {"lea@acme.example": []},
        "subscriptions": {
            "rewards": {"cell": "eu", "endpoint": "https://globex.example/", "country": "DE"}
        },
    }


def _another_person(variables: dict[str, Any]) -> None:
    variables["cells"]["eu"]["operators"].insert(0, "again@acme.example")
    variables["cells"]["eu"]["readers"] = ["analysts@acme.example"]


def _iap(variables: dict[str, Any]) -> None:
    variables["cells"]["eu"]["iap"] = True


MEANT = {
    'module.cell["eu"].google_cloud_run_v2_service_iam_member.viewers["ann@acme.example"]',
    'module.cell["eu"].google_cloud_run_v2_service_iam_member.finders["ann@acme.example"]',
    'module.cell["eu"].google_storage_bucket_iam_member.exports["lea@acme.example/0"]',
    'module.cell["us"].google_storage_bucket_iam_member.exports["lea@acme.example/0"]',
}
"""The grants that changes may delete. With Identity-Aware Proxy, only the proxy may call the
dashboard, so people's own grants are deleted. A grant on the exports of more projects has a
different condition, so it is a different entry in Google's policy."""

CHANGES = (
    _budget,
    _quota,
    _another_cell,
    _another_partner,
    _another_person,
    _iap,
)


def taken(workspace: Workspace, changes: tuple[Change, ...]) -> set[str]:
    """Return the grants that a plan with these changes would delete or replace."""
    variables = copy.deepcopy(KEYED)
    for change in changes:
        change(variables)
    plan = workspace.plan(variables, "-refresh=false")
    return {
        resource["address"]
        for resource in plan["resource_changes"]
        if "_iam_" in resource["type"] and "delete" in resource["change"]["actions"]
    }


@pytest.mark.soak
def test_all_changes_together_delete_no_grant(
    keyed: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    changed = keyed.copy(tmp_path_factory.mktemp("changed"))

    assert taken(changed, CHANGES) - MEANT == set()


@pytest.mark.soak
@pytest.mark.parametrize("change", CHANGES)
def test_each_change_alone_deletes_no_grant(
    keyed: Workspace, tmp_path_factory: pytest.TempPathFactory, change: Change
) -> None:
    changed = keyed.copy(tmp_path_factory.mktemp("changed"))

    assert taken(changed, (change,)) - MEANT == set()


NEW_EACH_TIME = re.compile(r"\b(?:plantimestamp|timestamp|uuid|bcrypt)\(")


def _statements(text: str) -> Iterator[str]:
    """Split a file into the arguments of its resources: each begins with two spaces and a name."""
    yield from re.split(r"\n(?=  \w)", re.sub(r"(?m)^\s*#.*$", "", text))


def test_values_that_differ_at_each_run_are_write_only() -> None:
    """Anywhere else, each plan would show a change, and might replace the whole resource."""
    arguments = [
        (file.name, statement.split()[0])
        for file in sorted((ROOT / "terraform").rglob("*.tf"))
        for statement in _statements(file.read_text())
        if NEW_EACH_TIME.search(statement)
    ]

    assert len(arguments) >= 2
    assert [place for place in arguments if not place[1].endswith("_wo")] == []


def test_a_cell_has_no_data_sources() -> None:
    """A cell waits for APIs (`depends_on`), so values from data sources would often be unknown."""
    module = ROOT / "terraform" / "modules" / "cell"

    assert [file.name for file in module.glob("*.tf") if '\ndata "' in file.read_text()] == []
