"""Recipes of CONTRIBUTING.md are complete: applied to a copy, they name every file that changes.

After all steps of a recipe, the tests pass in the copy.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
GIT = shutil.which("git") or "git"
UNITS = "not cell and not slow and not terraform and not soak"

pytestmark = pytest.mark.soak


class Copy:
    """A copy of the committed files, as a Git repository of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tracked = self._run(GIT, "ls-files", "-z", cwd=ROOT).rstrip("\0").split("\0")
        for name in tracked:
            source, target = ROOT / name, folder / name
            if source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        self._run(GIT, "init", "--quiet")
        self.commit()

    def commit(self) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "core.hooksPath=/dev/null")
        self._run(GIT, "add", "--all", "--force")
        self._run(GIT, *who, "commit", "--quiet", "--message", "all")

    def edit(self, path: str, pattern: str, replacement: str) -> None:
        """Replace all matches of a pattern in a file; there must be at least one."""
        file = self.folder / path
        text, count = re.subn(pattern, replacement, file.read_text(), flags=re.MULTILINE)
        assert count, f"{path} has no {pattern}"
        file.write_text(text)

    def generate(self) -> None:
        self._run(sys.executable, "-m", "generate")

    def changed(self) -> set[str]:
        lines = self._run(GIT, "status", "--porcelain", "--untracked-files=all").splitlines()
        return {line[3:] for line in lines}

    def test(self, *tests: str) -> None:
        self._run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)

    def _run(self, *command: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            command, cwd=cwd or self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
        return done.stdout


def named(recipe: str) -> list[str]:
    """Return the paths that a recipe names, as patterns; a folder stands for its files."""
    section = GUIDE.split(f"\n### {recipe}\n")[1].split("\n### ")[0]
    paths = re.findall(r"`([\w.<>-]+/[\w.<>/-]*)`", section)
    assert paths
    return [re.sub(r"<\w+>", "[^/]+", path.rstrip("/").replace(".", r"\.")) for path in paths]


def a_property(copy: Copy) -> None:
    copy.edit(
        "functions/events/catalogue.yaml",
        r"(- name: records_speed_changed\n.*\n +properties:\n)",
        r"\1          - name: steps\n            type: integer\n"
        r"            description: How many steps the speed was changed by.\n"
        r"            examples: [1]\n",
    )


def a_metric(copy: Copy) -> None:
    line = r"^(.*)message_reactions(.*)\n"
    both = r"\g<0>\1stickers\2\n"
    counted = r"^(.*)message_reaction_sent(.*)message_reactions,\n"
    copy.edit("sql/bi/daily_activity.sql", counted, r"\g<0>\1sticker_sent\2stickers,\n")
    copy.edit("sql/bi/daily_activity.json", line, both)
    copy.edit(
        "tests/sql/plain_metrics.py",
        r'_counts\(those\) \| \{"rooms"',
        r'_counts(those) | {"stickers": count(those, "sticker_sent"), "rooms"',
    )
    copy.edit(
        "sql/store/daily_v1.json",
        r"\}\n  \]",
        r'},\n    {"name": "stickers", "type": "INTEGER", "mode": "NULLABLE", '
        r'"description": "Stickers."}\n  ]',
    )
    report = "functions/dashboard/report.py"
    copy.edit(report, r"^( +)message_reactions(: int.*)\n", r"\g<0>\1stickers\2\n")
    copy.edit("functions/dashboard/tables.py", line, both)
    copy.edit(
        "functions/dashboard/templates/report.html",
        r"^(.*)message_reactions(.*)message_reactions(.*)\n",
        r"\g<0>\1stickers\2stickers\3\n",
    )


def a_reason(copy: Copy) -> None:
    copy.edit(
        "functions/acceptance/reasons.py",
        r"^TOKEN_UNKNOWN = ",
        'BODY_ODD = Reason(\n    status=400,\n    code="body_odd",\n    detail="the body is odd",\n'
        '    meaning="it is odd; nothing was stored",\n    retry="no",\n    too_many=10,\n)\n'
        r"\g<0>",
    )
    copy.edit(
        "functions/receive/answers.py",
        r"\Z",
        '\n\ndef odd() -> Response:\n    """Answer 400."""\n'
        "    return webhook_problem(reasons.BODY_ODD)\n",
    )


def a_setting(copy: Copy) -> None:
    path = "functions/receive/settings.py"
    copy.edit(path, r'^    """\n\n    cell: str$',
              r"        spare_seconds: how long nothing happens.\n\g<0>")  # fmt: skip
    copy.edit(path, r"\Z", "    spare_seconds: float = 1.0\n")


RECIPES: dict[str, Callable[[Copy], None]] = {
    "A property of an event": a_property,
    "A metric on the dashboard": a_metric,
    "A reason code": a_reason,
    "A setting": a_setting,
}


UNIT_TESTS = (
    *("tests/unit/dashboard", "tests/unit/events", "tests/unit/receive/test_contract.py"),
    *("tests/unit/warehouse", "tests/unit/web/test_environment.py", "tests/generate"),
    *("tests/sql/test_files.py", "tests/sql/test_dashboard.py", "tests/test_docs.py"),
    "tests/test_house.py",
)
"""Unit tests of the parts that the recipes change; none of them measures time."""

SLOWER = (
    "tests/sql/test_metrics.py::test_metrics_are_those_of_plain_python",
    "tests/terraform/test_agreement.py::test_every_reason_of_the_receiver_is_watched",
)
"""Slower tests of the parts that the recipes change."""


def test_a_recipe_is_complete_and_names_every_changed_file(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    for recipe, apply in RECIPES.items():
        apply(copy)
        copy.generate()
        changed = copy.changed()
        assert len(changed) > 1, recipe
        patterns = [re.compile(rf"{path}(/.*)?") for path in named(recipe)]
        left = {
            path for path in changed if not any(pattern.fullmatch(path) for pattern in patterns)
        }
        assert not left, f"the recipe {recipe!r} does not name these files"
        copy.commit()
    copy.test("-m", UNITS, *UNIT_TESTS)
    copy.test(*SLOWER)
