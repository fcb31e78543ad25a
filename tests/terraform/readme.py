"""The commands in the README's section on destroying, and a shell to run them in."""

import re
import subprocess
import textwrap
from pathlib import Path

from tests.terraform.workspace import BASH, ROOT, TERRAFORM, Workspace

README = ROOT / "terraform" / "README.md"


def commands(containing: str) -> str:
    """Return the block of commands in the section on destroying that contains a text."""
    section = README.read_text().split("## Destroying")[1].split("\n## ")[0]
    [block] = [
        textwrap.dedent(block)
        for block in re.findall(r"```\n(.*?)```", section, re.DOTALL)
        if containing in block
    ]
    return block


def shell(script: str, workspace: Workspace, path: Path) -> None:
    """Run commands; programs in the folder `path` come before those of the system."""
    done = subprocess.run(
        [BASH, "-euo", "pipefail", "-c", script],
        cwd=workspace.configuration,
        env={**workspace.located_environ, "PATH": f"{path}:{Path(TERRAFORM).parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
