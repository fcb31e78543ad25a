"""Writes the page with the settings of each function, from the classes `Settings`."""

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import msgspec

from generate.parts import notice

PATH = "docs/settings.md"

_INTRODUCTION = f"""\
<!-- {notice("functions/*/settings.py")} -->
# Settings

A setting is an environment variable. Terraform sets it; in the embedded cell, `local/cell.py` does.
A setting without a default is required.
"""
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*?)(?=^ {4}\w+: |\Z)", re.MULTILINE | re.DOTALL)


def render(root: Path) -> dict[str, str]:
    """Return the content of the page, by path.

    Raises:
        ValueError: a docstring does not describe one of its settings.
    """
    parts = [_INTRODUCTION]
    for path in sorted(root.glob("functions/*/settings.py")):
        name = path.parent.name
        settings = importlib.import_module(f"functions.{name}.settings").Settings
        parts.append(f"## {name}\n")
        parts.append("| setting | default | meaning |\n|---|---|---|\n" + "".join(_rows(settings)))
    return {PATH: "\n".join(parts)}


def _rows(settings: Any) -> list[str]:
    # Only Python 3.13 and newer versions remove the indentation of docstrings themselves.
    docstring = inspect.cleandoc(settings.__doc__ or "")
    told = {name: " ".join(text.split()) for name, text in _ATTRIBUTE.findall(docstring)}
    fields = msgspec.structs.fields(settings)
    untold = [field.name for field in fields if field.name not in told]
    if untold:
        raise ValueError(f"{settings.__module__}: its docstring does not describe {untold}")
    return [
        f"| `{field.name.upper()}` | {_default(field)} | {told[field.name]} |\n" for field in fields
    ]


def _default(field: msgspec.structs.FieldInfo) -> str:
    return "" if field.required else f"`{field.default}`"
