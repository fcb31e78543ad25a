"""A person may see only the projects that the secret names for this person."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from functions.secrets.permissions import Permissions, PermissionsUnavailable, read_permissions

ROOT = Path(__file__).parents[3]

SECRET = {
    "projects": ["b", "a"],
    "everything": ["Olga@Operator.example"],
    "some": {"Ann@acme.example": ["b", "elsewhere"], "nobody@acme.example": []},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "viewers.json"
    path.write_text(json.dumps(SECRET))
    return path


@pytest.mark.parametrize(
    ("email", "projects"),
    [
        ("olga@operator.example", ["a", "b"]),
        ("ann@acme.example", ["b"]),
        ("nobody@acme.example", []),
        ("eve@acme.example", []),
        ("", []),
    ],
)
def test_a_person_sees_what_the_secret_names(path: Path, email: str, projects: list[str]) -> None:
    assert read_permissions(path).projects_of(email) == projects


def test_a_removed_person_is_refused_at_the_next_request(path: Path) -> None:
    assert read_permissions(path).projects_of("ann@acme.example")
    path.write_text(json.dumps(SECRET | {"some": {}}))
    assert not read_permissions(path).projects_of("ann@acme.example")


def test_projects_are_named_for_a_person_whichever_cell_they_are_in(path: Path) -> None:
    permissions = read_permissions(path)
    assert permissions.named_for("ann@acme.example") == {"b", "elsewhere"}
    assert permissions.named_for("olga@operator.example") == frozenset()


@pytest.mark.parametrize("wrong", [None, 7, "b", ["b", 7], {"b": True}])
def test_a_malformed_entry_does_not_affect_others(
    path: Path, wrong: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    some = {"eve@acme.example": wrong, "ann@acme.example": ["b"]}
    path.write_text(json.dumps(SECRET | {"some": some, "everything": [7, "olga@a.example"]}))
    permissions = read_permissions(path)
    assert permissions.projects_of("eve@acme.example") == []
    assert permissions.projects_of("ann@acme.example") == ["b"]
    assert permissions.has_everything("olga@a.example")
    logged = capsys.readouterr().out
    assert logged.count("permission record faulty") == 2
    assert "acme.example" not in logged


def test_an_operator_of_a_cell_without_projects_sees_none() -> None:
    assert Permissions(projects=[], everything=["a@b"]).projects_of("a@b") == []


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", {"projects": ["a"], "other": 1}, {"projects": "a"}]
)
def test_without_the_secret_no_person_is_admitted(path: Path, content: Any) -> None:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(PermissionsUnavailable):
        read_permissions(path)
    path.unlink()
    with pytest.raises(PermissionsUnavailable):
        read_permissions(path)


def test_owners_of_projects_are_read_and_a_malformed_one_is_ignored(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_text(json.dumps(SECRET | {"owners": {"a": "acme", "b": ["acme"]}}))
    assert read_permissions(path).owners == {"a": "acme"}
    assert json.loads(capsys.readouterr().out)["field"] == "owners"


@pytest.mark.parametrize("variable", ["viewers", "callers"])
def test_each_member_that_terraform_writes_is_known(path: Path, variable: str) -> None:
    """A member that the code does not know would make the whole secret unreadable."""
    text = (ROOT / "terraform" / "modules" / "cell" / "variables.tf").read_text()
    declared = re.search(rf'variable "{variable}" {{.*?object\(\{{ (.*?) \}}\)', text, re.DOTALL)
    assert declared
    members = dict(re.findall(r"(\w+) = (map|set)\(", declared[1]))
    assert {"projects", "some"} <= members.keys()
    empty: dict[str, Any] = {name: {} if kind == "map" else [] for name, kind in members.items()}
    path.write_text(json.dumps(empty))
    assert read_permissions(path) == Permissions([])
