"""checkov finds no problem, except those that a comment at the resource explains."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.terraform.workspace import ROOT

pytestmark = pytest.mark.terraform

CHECKOV = Path(os.environ.get("CHECKOV", ROOT / ".venv-checkov" / "bin" / "checkov"))


@pytest.mark.soak
def test_checkov_finds_nothing(tmp_path: Path) -> None:
    if not CHECKOV.exists():
        pytest.skip("NOT RUN: checkov, which `make soak` installs into .venv-checkov")
    # checkov cannot parse some conditions of variables, and the files of variables create nothing.
    # Tests and Terraform's working files are not deployed.
    kept = shutil.ignore_patterns("variables*.tf", "tests", ".terraform*")
    shutil.copytree(ROOT / "terraform", tmp_path / "terraform", ignore=kept)
    done = subprocess.run(
        [str(CHECKOV), "--directory", "terraform", "--framework", "terraform", "--output", "json"],
        cwd=tmp_path,
        env=os.environ | {"LOG_LEVEL": "CRITICAL"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    results = json.loads(done.stdout)["results"]
    skipped = {check["check_id"]: check["check_result"] for check in results["skipped_checks"]}

    assert [check["check_id"] for check in results["failed_checks"]] == []
    assert results["parsing_errors"] == []
    assert len(results["passed_checks"]) > 30
    assert all(result["suppress_comment"].strip() for result in skipped.values())
