"""The house rules: which module may import which, and how large a module may be."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from functions import FUNCTIONS

ROOT = Path(__file__).parent.parent
SHARED: dict[str, set[str]] = {
    "events": set(),
    "observe": set(),
    "warehouse": {"observe"},
    "secrets": {"observe"},
    "google": {"events"},
    "locations": {"google"},
    "acceptance": {"events", "observe", "secrets"},
    "retained": {"acceptance", "events", "google"},
    "web": {"observe"},
}
"""The shared packages, and the others that each may import, which are earlier in this list."""
PRIVACY = (
    *("settings", "periods", "deadline"),
    *("records", "requests", "holds", "erasures", "exports", "inventory"),
    *("offboarding", "reports", "sweep", "app"),
)
"""The parts of the privacy function; each may import only parts before it."""
TOOLS = {"costs", "generate", "googlesql", "local", "offboard", "tests", "verify"}
"""The folders that are not deployed."""
SOURCES = sorted(path for folder in ("functions", *TOOLS) for path in (ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def package(path: Path) -> str:
    """Return the package in functions/ to which a file belongs; empty for `functions` itself."""
    parts = path.relative_to(ROOT / "functions").parts
    return parts[0] if len(parts) > 1 else ""


def forbidden(of: str, module: str) -> bool:
    """Say whether modules of the package `of` must not import a module."""
    parts = module.split(".")
    if parts[0] in TOOLS | {"main"}:
        return True
    if parts[0] != "functions" or len(parts) < 2 or module == "functions.__version__":
        return False
    if of in FUNCTIONS:
        return parts[1] in {*FUNCTIONS} - {of}
    # A shared package imports no function, and only the shared packages that `SHARED` allows.
    return parts[1] not in SHARED.get(of, set()) | {of}


def test_imports_go_in_one_direction_only() -> None:
    deployed = [path for path in SOURCES if path.is_relative_to(ROOT / "functions")]
    assert deployed
    for path in deployed:
        wrong = [module for module in imported(path) if forbidden(package(path), module)]
        assert wrong == [], path


def test_no_module_is_loose_and_no_package_unknown() -> None:
    folder = ROOT / "functions"
    assert [path.name for path in folder.glob("*.py")] == ["__init__.py"]
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert packages == {*FUNCTIONS} | SHARED.keys()


def test_the_shared_packages_use_each_other_in_one_direction() -> None:
    known: set[str] = set()
    for name, used in SHARED.items():
        assert used <= known, name
        known.add(name)


def test_the_parts_of_privacy_use_each_other_in_one_direction() -> None:
    folder = ROOT / "functions" / "privacy"
    for path in sorted(folder.rglob("*.py")):
        part = path.relative_to(folder).with_suffix("").parts[0]
        if part == "__init__":
            continue
        known = PRIVACY[: PRIVACY.index(part) + 1]
        for module in imported(path):
            if module.startswith("functions.privacy."):
                assert module.split(".")[2] in known, f"{path}: {module}"


def test_the_architecture_states_the_rule_that_is_checked() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    rule = page.split("\n## The import rule\n")[1].split("\n## ")[0]
    rows = re.findall(r"^ +\| `(\w+)` \| (.+) \|$", rule, re.MULTILINE)
    assert {name: set(re.findall(r"`(\w+)`", used)) for name, used in rows} == SHARED
    assert [name for name, _ in rows] == list(SHARED)
    parts = ", ".join(f"`{part}`" for part in PRIVACY)
    assert parts in " ".join(rule.split())


def test_verify_imports_only_shared_packages() -> None:
    for path in (ROOT / "verify").rglob("*.py"):
        roots = {tuple(module.split(".")[:2]) for module in imported(path)}
        assert not {("functions", name) for name in FUNCTIONS} & roots, path
        assert not {"local", "generate", "tests"} & {root[0] for root in roots}, path


def test_offboard_imports_no_service() -> None:
    for path in (ROOT / "offboard").rglob("*.py"):
        roots = {module.split(".")[0] for module in imported(path)}
        assert not {"local", "generate", "tests"} & roots, path
        used = {module for module in imported(path) if module.startswith("functions.")}
        assert used <= {
            "functions.__version__",
            "functions.web",
            "functions.web.environment",
        }, path


def test_the_model_of_costs_and_the_analyser_import_no_tests() -> None:
    for folder, unknown in {
        "costs": {"tests", "local"},
        "googlesql": TOOLS - {"googlesql"},
    }.items():
        for path in (ROOT / folder).rglob("*.py"):
            assert not unknown & {module.split(".")[0] for module in imported(path)}, path


def test_a_broken_rule_would_be_noticed() -> None:
    assert forbidden("receive", "functions.load.row")
    assert forbidden("", "functions.receive")
    assert forbidden("", "functions.observe.log")
    assert forbidden("web", "functions.receive")
    assert forbidden("secrets", "functions.acceptance.partners")
    assert not forbidden("acceptance", "functions.secrets.file")
    assert forbidden("load", "local.cell")
    assert forbidden("events", "functions.observe.log")
    assert not forbidden("load", "functions.events.catalogue")


def test_a_module_has_one_concern_and_a_telling_name() -> None:
    for path in SOURCES:
        assert path.stem not in {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
        if not path.is_relative_to(ROOT / "tests"):
            assert len(path.read_text().splitlines()) <= 400, path


def test_no_function_asks_where_it_runs() -> None:
    for path in (ROOT / "functions").rglob("*.py"):
        words = path.read_text().lower()
        assert "emulator" not in words, path
        assert "127.0.0.1" not in words, path
        assert "localhost" not in words, path
