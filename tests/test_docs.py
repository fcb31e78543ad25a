"""Documentation as a test: everything that people can use is described where they look for it."""

import ast
import re
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner

from functions.dashboard.app import ROUTES
from functions.load.tally import Loaded
from functions.receive.tally import Received
from functions.tally import Milliseconds
from local.__main__ import main
from offboard.__main__ import main as offboard
from offboard.settings import Settings as OffboardSettings
from verify.__main__ import main as verify
from verify.settings import Settings as VerifySettings

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


def test_every_option_and_setting_of_verify_is_among_the_operations() -> None:
    operations = PAGES["operations.md"]
    for option in verify.params:
        assert f"`{option.opts[0]}`" in operations, option.opts
    for name in VerifySettings.__struct_fields__:
        assert f"`{name.upper()}`" in operations, name


def test_every_option_and_setting_of_offboarding_is_on_the_privacy_page() -> None:
    section = PAGES["privacy.md"].split("\n### When a partner leaves\n")[1].split("\n### ")[0]
    for option in offboard.params:
        if isinstance(option, click.Option):
            assert f"`{option.opts[0]}`" in section, option.opts
    for name in OffboardSettings.__struct_fields__:
        assert f"`{name.upper()}`" in section, name


def test_verify_helps() -> None:
    shown = CliRunner().invoke(verify, ["--help"])
    assert shown.exit_code == 0
    assert "--outputs" in shown.output


@pytest.mark.parametrize(
    ("line", "struct", "distribution"),
    [("received", Received, "publish_ms"), ("loaded", Loaded, "freshness_ms")],
)
def test_the_fields_of_a_counting_line_are_among_the_operations(
    line: str, struct: Any, distribution: str
) -> None:
    section = PAGES["operations.md"].split(f"\n### `{line}`\n")[1].split("\n#")[0]
    documented = re.findall(r"^\| `([a-z0-9_.]+)` \|(?! `[A-Z])", section, re.MULTILINE)
    fields = [field.name for field in msgspec.structs.fields(struct)]
    fields.remove(distribution)
    fields += [f"{distribution}.{field.name}" for field in msgspec.structs.fields(Milliseconds)]
    assert documented == fields


def test_every_message_that_is_logged_is_among_the_operations() -> None:
    messages = {
        str(node.args[1].value)
        for path in (ROOT / "functions").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log"
        if isinstance(node.args[1], ast.Constant)
    }
    assert {"received", "not spilled", "settled", "rows were not stored"} <= messages
    for message in messages:
        assert f"`{message}`" in PAGES["operations.md"], message


def test_every_output_of_terraform_is_in_its_readme() -> None:
    text = (ROOT / "terraform" / "outputs.tf").read_text()
    readme = (ROOT / "terraform" / "README.md").read_text()
    names = re.findall(r'^output "(\w+)"', text, re.MULTILINE)
    assert names
    for name in names:
        assert f"`{name}`" in readme, name


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


@pytest.mark.parametrize(
    "page", ["README.md", "terraform/README.md", *(f"docs/{name}" for name in PAGES)]
)
def test_every_link_leads_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_every_endpoint_of_privacy_is_described_and_no_other() -> None:
    routes = {
        " ".join(map(ast.literal_eval, node.args[:2]))
        for path in (ROOT / "functions" / "privacy").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Route"
    }
    endpoints = re.compile(r"`((?:GET|POST|DELETE) /[^`]+)`")
    described = PAGES["privacy.md"].split("\n## Endpoints\n")[1].split("\n## ")[0]
    assert {"POST /erasures", "POST /sweep", "DELETE /holds/{id}"} <= routes
    assert set(endpoints.findall(described)) == routes | {"GET /health"}
    section = README.split("\n## Privacy\n")[1].split("\n## ")[0]
    assert set(endpoints.findall(section)) == routes


def test_every_endpoint_of_the_dashboard_is_described() -> None:
    for path in ROUTES:
        assert (
            f"`{ROUTES[path]} {path}`" in PAGES["dashboard.md"]
            or f"`{path}`" in PAGES["dashboard.md"]
        ), path
