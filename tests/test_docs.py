"""Documentation as a test: everything that people can use is described where they look for it."""

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from functions.dashboard.app import ROUTES
from local.__main__ import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = {path.name: path.read_text() for path in ROOT.glob("docs/*.md")}


def test_every_make_target_is_in_the_readme() -> None:
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets
    for target in targets:
        assert target == "help" or f"`make {target}`" in README, target


@pytest.mark.parametrize("name", main.commands)
def test_every_command_and_option_is_in_the_readme(name: str) -> None:
    assert f"python -m local {name}" in README
    for option in main.commands[name].params:
        if isinstance(option, click.Option):
            assert f"`{option.opts[0]}`" in README, option.opts


@pytest.mark.parametrize("name", ["", *main.commands])
def test_every_command_helps(name: str) -> None:
    shown = CliRunner().invoke(main, [*([name] if name else []), "--help"])
    assert shown.exit_code == 0
    assert shown.output.count("\n") > 3


def test_every_view_and_table_is_described() -> None:
    dictionary = PAGES["data-dictionary.md"]
    for path in (*ROOT.glob("sql/store/*"), *ROOT.glob("sql/bi/*")):
        assert f"`{path.stem}`" in dictionary, path
        assert f"`{path.stem}`" in README or path.stem.startswith("event_"), path


def test_every_dependency_has_its_reason() -> None:
    decisions = PAGES["decisions.md"]
    for path in ROOT.glob("requirements*.in"):
        for line in path.read_text().splitlines():
            name = re.match(r"[A-Za-z0-9-]+", line)
            if name and not line.startswith(("#", "-")):
                assert name[0] in decisions, line


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{name}" for name in PAGES)])
def test_every_link_leads_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_every_endpoint_of_the_dashboard_is_described() -> None:
    for path in ROUTES:
        assert (
            f"`{ROUTES[path]} {path}`" in PAGES["dashboard.md"]
            or f"`{path}`" in PAGES["dashboard.md"]
        ), path
