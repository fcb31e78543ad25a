"""A copy of the configuration outside of the repository, with a provider to run it with."""

import fcntl
import functools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.terraform import states

ROOT = Path(__file__).resolve().parents[2]
OFFLINE = ROOT.parent / "shared" / "terraform-offline" / "activate.sh"
TERRAFORM = shutil.which("terraform") or ""
BASH = shutil.which("bash") or "/bin/bash"
DEPLOYED = ("functions", "main.py", "requirements.txt", "sql", "terraform")
PATIENCE_SECONDS = 900
"""How long a command may take: long enough for a slow machine that does other work."""

VARIABLES = "variables.json"
"""A plan's variables; no name that Terraform reads by itself, or its tests would."""

QUICK_ARCHIVE = "archive_override.tf"
"""Without this file a workspace zips what is deployed; with it, the digest of that alone. Terraform
takes a third of a plan's time for 400 files, and few tests look into the zip."""

_ARCHIVE_OF_ONE_FILE = """
data "archive_file" "functions" {
  source {
    filename = "digest"
    content  = sha256(jsonencode(local.deployed))
  }
}
"""

SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""Of partners whose webhooks are signed; the plans must not contain it."""

Variables = Mapping[str, Any]


class Unavailable(Exception):
    """Terraform cannot run here; the message says what is missing."""


class Workspace(NamedTuple):
    """A folder with what is deployed, and the environment to run Terraform in.

    Attributes:
        folder: has ``terraform/`` and beside it what it deploys.
        environ: of the processes, but for the state's address.
    """

    folder: Path
    environ: Mapping[str, str]

    @property
    def configuration(self) -> Path:
        return self.folder / "terraform"

    @property
    def located_environ(self) -> dict[str, str]:
        """The environment with the address of this workspace's state, for the backend "http"."""
        file = self.configuration / "terraform.tfstate"
        return dict(self.environ) | {"TF_HTTP_ADDRESS": states.address(file)}

    @property
    def zip(self) -> Path:
        """What the functions are made of; the last plan made it."""
        zips = (self.configuration / ".terraform").glob("functions-*.zip")
        return max(zips, key=lambda file: file.stat().st_mtime_ns)

    def run(
        self, *arguments: str, cwd: Path | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run Terraform; with `check`, a failure shows all of its output."""
        done = subprocess.run(
            [TERRAFORM, *arguments],
            cwd=cwd or self.configuration,
            env=self.located_environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def plan(self, variables: Variables, *options: str) -> dict[str, Any]:
        """Plan and return the plan's JSON; the plan itself is in ``plan.out``."""
        self._write(variables)
        self.run("plan", "-no-color", "-out=plan.out", f"-var-file={VARIABLES}", *options)
        shown: dict[str, Any] = json.loads(self.run("show", "-json", "plan.out").stdout)
        return shown

    def refused(self, variables: Variables, *options: str) -> str:
        """Plan what must be refused, and return what is said."""
        self._write(variables)
        done = self.run("plan", "-no-color", f"-var-file={VARIABLES}", *options, check=False)
        assert done.returncode == 1, done.stdout
        return " ".join(done.stderr.replace("│", " ").split())

    def apply(self, variables: Variables) -> None:
        """Plan and apply."""
        self._write(variables)
        self.run("apply", "-no-color", "-auto-approve", f"-var-file={VARIABLES}")

    def destroy(
        self, variables: Variables, *, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Destroy what was applied; with `check`, a failure shows all of the output."""
        self._write(variables)
        arguments = ("-no-color", "-auto-approve", f"-var-file={VARIABLES}")
        return self.run("destroy", *arguments, check=check)

    def state(self) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self.run("show", "-json").stdout)
        return shown

    def bare(self, folder: Path) -> "Workspace":
        """Return one with variables and regions alone: a plan of it needs no provider."""
        bare = self._replace(folder=folder)
        bare.configuration.mkdir()
        for file in (*self.configuration.glob("variables*.tf"), self.configuration / "regions.tf"):
            shutil.copy(file, bare.configuration)
        return bare

    def copy(self, folder: Path) -> "Workspace":
        """Return an initialised copy."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return self._replace(folder=folder)

    def _write(self, variables: Variables) -> None:
        (self.configuration / VARIABLES).write_text(json.dumps(variables))


def create(folder: Path) -> Workspace:
    """Copy what is deployed, and initialise it.

    Raises:
        Unavailable: there is no Terraform, or no provider to be had.
    """
    if not TERRAFORM:
        raise Unavailable("terraform is not installed")
    for name in DEPLOYED:
        source = ROOT / name
        if source.is_dir():
            kept = shutil.ignore_patterns("__pycache__", ".terraform*", "*.tfstate*", "*.tfvars")
            shutil.copytree(source, folder / name, ignore=kept)
        else:
            shutil.copy(source, folder / name)
    workspace = Workspace(folder, _environ())
    (workspace.configuration / QUICK_ARCHIVE).write_text(_ARCHIVE_OF_ONE_FILE)
    # Plans need a backend that exists; its address is in the environment.
    (workspace.configuration / "backend_override.tf").write_text(
        'terraform {\n  backend "http" {}\n}\n'
    )
    done = workspace.run("init", "-no-color", "-input=false", check=False)
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith("Error:")]
        raise Unavailable(
            f"terraform init found no providers: {' '.join(errors) or done.stderr}. "
            f"It needs registry.terraform.io, or {OFFLINE.parent}"
        )
    return workspace


@functools.cache
def _environ() -> Mapping[str, str]:
    environ = os.environ | {
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
        "TF_VAR_signing_secrets": json.dumps({}),
    }
    if not OFFLINE.exists():
        return environ
    # Setting the providers up takes 20 seconds: once for all sessions, by one process.
    target = Path(tempfile.gettempdir()) / f"watchers-warehouse-providers-{os.getuid()}"
    command = 'source "$0" "$1" >&2 && env -0'
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shown = subprocess.run(
            [BASH, "-c", command, str(OFFLINE), str(target)],
            env=environ,
            capture_output=True,
            check=True,
            timeout=PATIENCE_SECONDS,
        )
    entries = (entry.partition("=") for entry in shown.stdout.decode().split("\0") if entry)
    return {name: value for name, _, value in entries}
