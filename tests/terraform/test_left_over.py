"""The README's commands delete everything that a destroyed cell leaves."""

import re
from pathlib import Path

import pytest

from tests.terraform.protection import protected
from tests.terraform.readme import commands, shell
from tests.terraform.resources import managed
from tests.terraform.workspace import BASH, Workspace

pytestmark = [pytest.mark.terraform, pytest.mark.soak, pytest.mark.xdist_group("keyed")]


def test_the_readme_deletes_everything_that_is_left(keyed: Workspace, tmp_path: Path) -> None:
    """The commands run with programs in place of `bq` and `gcloud` that record their arguments."""
    notes = tmp_path / "notes"
    for program in ("bq", "gcloud"):
        file = tmp_path / program
        file.write_text(
            f'#!{BASH}\necho "$@" >>{notes}\n'
            '[[ "$*" == *keyrings\\ list* ]] && echo RING\n'
            '[[ "$*" == *versions\\ list* ]] && echo VERSION\n'
            "exit 0\n"
        )
        file.chmod(0o755)

    shell(commands("bq rm") + commands("gcloud kms"), keyed, tmp_path)

    readme = notes.read_text()
    left = {
        resource.address: next(
            str(resource.values[name])
            for name in ("dataset_id", "secret_id", "name")
            if name in resource.values
        )
        for resource in managed(keyed.state()["values"])
        if resource.cell == "eu"
        and (resource.type, resource.name) in protected()
        and not resource.type.endswith(
            ("_version", "_table", "_key_ring", "_data")
        )  # these are deleted together with another resource
    }
    assert len(left) > 10
    assert {at: name for at, name in left.items() if not re.search(rf"\b{name}\b", readme)} == {}
    assert "keys versions destroy --quiet VERSION" in readme
    assert "--keyring RING" in readme
