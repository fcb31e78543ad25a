"""A change of the configuration takes no grant away that it did not mean to.

Terraform makes a replaced grant before or after it deletes the old one. Both are the same entry of
Google's policy, so after the deletion nothing is left of it.
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
    variables["query_quota_tib_per_user_per_day"] = 500


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
"""With Identity-Aware Proxy it alone may call the dashboard: people's own grants go. A grant on the
exports of more projects has another condition, so it is another entry of Google's policy."""

CHANGES = (
    _budget,
    _quota,
    _another_cell,
    _another_partner,
    _another_person,
    _iap,
)


def taken(workspace: Workspace, changes: tuple[Change, ...]) -> set[str]:
    """Return the grants that would be deleted, or replaced, by a plan of some changes."""
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
def test_more_of_everything_takes_no_grant(
    keyed: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    changed = keyed.copy(tmp_path_factory.mktemp("changed"))

    assert taken(changed, CHANGES) - MEANT == set()


@pytest.mark.soak
@pytest.mark.parametrize("change", CHANGES)
def test_each_change_alone_takes_no_grant(
    keyed: Workspace, tmp_path_factory: pytest.TempPathFactory, change: Change
) -> None:
    changed = keyed.copy(tmp_path_factory.mktemp("changed"))

    assert taken(changed, (change,)) - MEANT == set()


NEW_EACH_TIME = re.compile(r"\b(?:plantimestamp|timestamp|uuid|bcrypt)\(")


def _statements(text: str) -> Iterator[str]:
    """Split a file at its arguments of the first level of a resource: two spaces, then a name."""
    yield from re.split(r"\n(?=  \w)", re.sub(r"(?m)^\s*#.*$", "", text))


def test_what_differs_at_each_run_is_in_write_only_values() -> None:
    """Anywhere else, each plan would show a change, and may replace what it is a part of."""
    arguments = [
        (file.name, statement.split()[0])
        for file in sorted((ROOT / "terraform").rglob("*.tf"))
        for statement in _statements(file.read_text())
        if NEW_EACH_TIME.search(statement)
    ]

    assert len(arguments) >= 2
    assert [place for place in arguments if not place[1].endswith("_wo")] == []


def test_a_cell_reads_nothing() -> None:
    """It waits for APIs (`depends_on`), so all that it read would be unknown in many plans."""
    module = ROOT / "terraform" / "modules" / "cell"

    assert [file.name for file in module.glob("*.tf") if '\ndata "' in file.read_text()] == []
