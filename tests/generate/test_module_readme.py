"""The README of the Terraform module of a cell is complete."""

import re
from pathlib import Path

import pytest

from generate import module_readme
from generate.__main__ import ROOT

PARTS = "".join(f"<!-- generated: {name} -->\n<!-- end -->\n" for name in ("variables", "outputs"))


def test_every_variable_and_output_has_a_row() -> None:
    readme = (ROOT / module_readme.PATH).read_text()
    for file in (ROOT / module_readme.FOLDER).glob("*.tf"):
        for name in re.findall(r'^(?:variable|output) "(\w+)"', file.read_text(), re.MULTILINE):
            assert f"| `{name}` | " in readme, name


def test_every_file_of_the_module_is_named() -> None:
    readme = (ROOT / module_readme.PATH).read_text()
    files = {file.name for file in (ROOT / module_readme.FOLDER).glob("*.tf")}
    assert {name for name in files if f"`{name}`" not in readme} == {
        "variables.tf",
        "outputs.tf",
        "versions.tf",
    }


def module(tmp_path: Path, variables: str) -> str:
    folder = tmp_path / module_readme.FOLDER
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(PARTS)
    (folder / "variables.tf").write_text(variables)
    (folder / "outputs.tf").write_text("")
    return module_readme.render(tmp_path)[module_readme.PATH]


def test_a_long_type_is_shortened(tmp_path: Path) -> None:
    body = '  description = "A \\"b\\"|c."\n  type = map(object({\n    a = string\n  }))\n'
    text = module(tmp_path, f'variable "it" {{\n{body}}}\n')
    assert '| `it` | `map(object({…}))` | A "b"\\|c. |' in text


def test_a_variable_without_a_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="it has no description"):
        module(tmp_path, 'variable "it" {\n  type = string\n}\n')
