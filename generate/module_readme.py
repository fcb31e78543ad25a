"""Writes the tables of variables and outputs in the README of the Terraform module ``cell``."""

import re
from pathlib import Path

from generate.markdown import table
from generate.parts import fill

FOLDER = "terraform/modules/cell"
PATH = f"{FOLDER}/README.md"

_BLOCK = re.compile(r'^(?:variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_DESCRIPTION = re.compile(r'^  description = "(.*)"$', re.MULTILINE)
_TYPE = re.compile(r"^  type +=\s+(.*)$", re.MULTILINE)


def render(root: Path) -> dict[str, str]:
    """Return the content of the README, by path; empty if the README does not exist.

    Raises:
        ValueError: a variable or an output has no description.
    """
    page = root / PATH
    if not page.is_file():
        return {}
    variables = table(
        ("variable", "type", "description"),
        (
            (f"`{name}`", _type(body), _description(name, body))
            for name, body in _blocks(root, "variables")
        ),
    )
    outputs = table(
        ("output", "description"),
        ((f"`{name}`", _description(name, body)) for name, body in _blocks(root, "outputs")),
    )
    parts = {"variables": variables, "outputs": outputs}
    return {PATH: fill(PATH, page.read_text("utf-8"), parts)}


def _blocks(root: Path, file: str) -> list[tuple[str, str]]:
    """Return the name and content of each block in a file that ``terraform fmt`` has formatted."""
    return _BLOCK.findall((root / FOLDER / f"{file}.tf").read_text("utf-8"))


def _description(name: str, body: str) -> str:
    found = _DESCRIPTION.search(body)
    if not found:
        raise ValueError(f"{FOLDER}: {name} has no description")
    return found[1].replace('\\"', '"')


def _type(body: str) -> str:
    """Return the type in one line; `{…}` stands for the members of an object on several lines."""
    found = _TYPE.search(body)
    kind = found[1] if found else "any"
    closing = ")" * (kind.count("(") - kind.count(")"))
    return f"`{kind.removesuffix('{')}{'{…}' if closing else ''}{closing}`"
