"""A workspace and a few plans, made once per session: each takes seconds.

Sessions are per process: the tests that share a plan are in one group of pytest-xdist, so that
one process makes it. "plan" needs `full_plan`, "life" `applied`; the others need neither.
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
    """Without the views of single events, which are most of a plan's time and all made alike."""
    copy = workspace.copy(tmp_path_factory.mktemp("few-views"))
    for file in (copy.folder / "sql" / "bi" / "events").iterdir():
        file.unlink()
    return copy


@pytest.fixture(scope="session")
def full_plan(workspace: Workspace) -> dict[str, Any]:
    """The plan of everything that can be asked for."""
    return workspace.plan(FULL)


@pytest.fixture(scope="session")
def functions_zip(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the functions are made of."""
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
    """One cell with defaults, applied."""
    copy = few_views.copy(tmp_path_factory.mktemp("applied"))
    copy.apply(SMALL)
    return copy


@pytest.fixture(scope="session")
def keyed(few_views: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two cells, one of them with a key of its own, applied."""
    copy = few_views.copy(tmp_path_factory.mktemp("keyed"))
    copy.apply(KEYED)
    return copy
