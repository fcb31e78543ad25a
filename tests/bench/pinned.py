"""Processes that stay on one processor."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from local import children
from local.children import Child
from tests.bench.variants import ROOT


def pinned(command: Sequence[str], core: int) -> list[str]:
    """Return the command that runs a command on one processor."""
    return [shutil.which("taskset") or "taskset", "-c", str(core), *command]


def start(
    name: str, command: Sequence[str], environ: Mapping[str, str], logs: Path, core: int
) -> Child:
    """Start a child on one processor, with only a few variables of this process's environment."""
    needed = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    needed |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return children.start(name, pinned(command, core), {**needed, **environ}, logs)
