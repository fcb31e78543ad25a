"""A workspace and a few plans. Each takes seconds, so a session makes it only once.

Each process of pytest-xdist has its own session. Tests that share a plan are in one group of
pytest-xdist, so that only one process makes the plan: tests with `full_plan` are in the group
"plan", tests with `applied` in the group "life". Other groups use neither.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.terraform import workspace as workspaces
from tests.terraform.scenarios import FULL, KEYED, SMALL
from tests.terraform.workspace import QUICK_ARCHIVE, Workspace


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    try:
        return workspaces.create(tmp_path_factory.mktemp("terraform"))
    except workspaces.Unavailable as missing:
        pytest.skip(f"NOT RUN: the Terraform configuration was not checked: {missing}")


@pytest.fixture(scope="session")
def few_views(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace without the views of single events, which take most of the time of a plan."""
    copy = workspace.copy(tmp_path_factory.mktemp("few-views"))
    for file in (copy.folder / "sql" / "bi" / "events").iterdir():
        file.unlink()
    return copy


@pytest.fixture(scope="session")
def full_plan(workspace: Workspace) -> dict[str, Any]:
    """The plan of the scenario `FULL`, which uses every variable."""
    return workspace.plan(FULL)


@pytest.fixture(scope="session")
def functions_zip(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip with the code of the functions, as Terraform uploads it."""
    copy = workspace.copy(tmp_path_factory.mktemp("zipped"))
    (copy.configuration / QUICK_ARCHIVE).unlink()
    copy.plan(SMALL, "-target=data.archive_file.functions")
    return copy.zip


@pytest.fixture(scope="session")
def schemas(workspace: Workspace) -> dict[str, Any]:
    shown = workspace.run("providers", "schema", "-json").stdout
    result: dict[str, Any] = json.loads(shown)["provider_schemas"]
    return result


@pytest.fixture(scope="session")
def applied(few_views: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace in which the scenario `SMALL` (one cell with defaults) was applied."""
    copy = few_views.copy(tmp_path_factory.mktemp("applied"))
    copy.apply(SMALL)
    return copy


@pytest.fixture(scope="session")
def keyed(few_views: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace in which the scenario `KEYED` (two cells, one with its own key) was applied."""
    copy = few_views.copy(tmp_path_factory.mktemp("keyed"))
    copy.apply(KEYED)
    return copy
