"""The resources that the configuration protects with ``prevent_destroy``."""

import re

from tests.terraform.workspace import ROOT

MODULE = ROOT / "terraform" / "modules" / "cell"
BLOCK = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


def protected() -> set[tuple[str, str]]:
    """Return the type and the name of each protected resource of a cell."""
    return {
        (kind, name)
        for file in MODULE.glob("*.tf")
        for kind, name, body in BLOCK.findall(file.read_text())
        if re.search(r"^\s+prevent_destroy = true$", body, re.MULTILINE)
    }
