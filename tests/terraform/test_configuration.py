"""The configuration is formatted and valid, and Terraform's own tests pass."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.scenarios import SMALL
from tests.terraform.workspace import ROOT, SIGNING_SECRET, Workspace

pytestmark = pytest.mark.terraform


def test_it_is_formatted_and_valid(workspace: Workspace) -> None:
    workspace.run("fmt", "-check", "-recursive", str(ROOT / "terraform"))
    checked = json.loads(workspace.run("validate", "-json").stdout)

    assert checked["diagnostics"] == []


@pytest.mark.soak
def test_deployments_are_planned_as_they_should(few_views: Workspace) -> None:
    done = few_views.run("test", "-no-color", "-filter=tests/cells.tftest.hcl")

    assert "6 passed, 0 failed" in done.stdout


def test_invalid_variables_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    # A workspace without a provider refuses at once.
    bare = workspace.bare(tmp_path)
    text = (workspace.configuration / "tests" / "refusals.tftest.hcl").read_text()
    (bare.configuration / "tests").mkdir()
    lines = (line for line in text.splitlines() if not line.startswith("mock_provider"))
    (bare.configuration / "tests" / "refusals.tftest.hcl").write_text("\n".join(lines))
    bare.run("init", "-no-color")

    done = bare.run("test", "-no-color")

    assert f"{text.count('expect_failures')} passed, 0 failed" in done.stdout


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"cells": {"eu": {"region": "europe-west2"}}},
            "Not in the European Union: europe-west2 (cell eu). Choose an EU region",
        ),
        (
            {"cells": {"eu": {"region": "europe-north2"}}},
            "Cloud Scheduler does not exist in europe-north2 (cell eu; the nearest that has it:",
        ),
        (
            {"partners": {"acme": {"projects": {"acme-prod": {"cell": "us"}}}}},
            "There is no such cell: us (project acme-prod). The cells are eu.",
        ),
        (
            {
                "partners": {
                    "acme": {"projects": {"prod": {"cell": "eu"}}},
                    "globex": {"projects": {"prod": {"cell": "eu"}}},
                }
            },
            "Claimed by two partners: prod (acme and globex).",
        ),
    ],
)
def test_a_refusal_says_what_to_do(
    workspace: Workspace, tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    assert sentence in workspace.bare(tmp_path).refused(SMALL | changes)


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("europe-west1", ""),
        ("europe-west4", "This plan builds in europe-west4."),
        ("us-central1", ""),
    ],
)
def test_a_region_where_some_projects_cannot_build_gives_a_warning(
    workspace: Workspace, tmp_path: Path, region: str, said: str
) -> None:
    cells = {"eu": {"region": region, "gdpr": False}}
    partners = {"acme": {"projects": {"acme-prod": {"cell": "eu", "gdpr": False}}}}

    plan = workspace.bare(tmp_path).plan(SMALL | {"cells": cells, "partners": partners})

    [check] = [each for each in plan["checks"] if each["address"].get("name") == "builds"]
    problems = [
        problem for instance in check["instances"] for problem in instance.get("problems", [])
    ]
    assert [said in problem["message"] for problem in problems] == ([True] if said else [])


def test_a_function_that_does_not_exist_is_refused(few_views: Workspace, tmp_path: Path) -> None:
    cell = {"region": "europe-west1", "min_instances": {"recieve": 1}}

    said = few_views.copy(tmp_path).refused(SMALL | {"cells": {"eu": cell}})

    assert "min_instances and max_instances are given by function: dashboard, load" in said


@pytest.mark.parametrize(
    ("instances", "sentence"),
    [
        (
            {"min_instances": {"operate": 3}},
            "min_instances of operate is above the 2 instances that it may have",
        ),
        ({"max_instances": {"privacy": 5}}, "max_instances of privacy is 4 at most"),
        ({"max_instances": {"operate": 3}}, "max_instances of operate is 2 at most"),
    ],
)
def test_more_instances_than_a_function_may_have_are_refused(
    few_views: Workspace, tmp_path: Path, instances: dict[str, Any], sentence: str
) -> None:
    cell = {"region": "europe-west1"} | instances

    said = few_views.copy(tmp_path).refused(SMALL | {"cells": {"eu": cell}})

    assert sentence in said


@pytest.mark.soak
def test_no_secret_is_in_the_plan(few_views: Workspace, tmp_path: Path) -> None:
    secrets = {"TF_VAR_signing_secrets": json.dumps({"acme": [SIGNING_SECRET]})}
    signed = few_views.copy(tmp_path)._replace(environ={**few_views.environ, **secrets})
    partner = SMALL["partners"]["acme"] | {"signing_version": 1}

    plan = signed.plan(SMALL | {"partners": {"acme": partner}})

    assert SIGNING_SECRET not in json.dumps(plan)
