"""A copy of the Terraform configuration outside the repository, with an offline provider."""

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
"""The file with the variables of a plan. Its name is not one that Terraform reads by itself;
otherwise, Terraform's own tests would also use these variables."""

QUICK_ARCHIVE = "archive_override.tf"
"""With this file, the zip of a workspace has only a digest of the deployed files, not the files. To
zip 400 files takes a third of the time of a plan, and few tests look into the zip."""

_ARCHIVE_OF_ONE_FILE = """
data "archive_file" "functions" {
  source {
    filename = "digest"
    content  = sha256(jsonencode(local.deployed))
  }
}
"""

SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The secret of partners whose webhooks are signed; a plan must not contain it."""

Variables = Mapping[str, Any]


class Unavailable(Exception):
    """Terraform cannot run here; the message says what is missing."""


class Workspace(NamedTuple):
    """A folder with the deployed files, and the environment to run Terraform in.

    Attributes:
        folder: has ``terraform/`` and the folders that it deploys.
        environ: the environment of Terraform, without the address of the state.
    """

    folder: Path
    environ: Mapping[str, str]

    @property
    def configuration(self) -> Path:
        return self.folder / "terraform"

    @property
    def located_environ(self) -> dict[str, str]:
        """The environment of Terraform, with the address of the state for the backend "http"."""
        file = self.configuration / "terraform.tfstate"
        return dict(self.environ) | {"TF_HTTP_ADDRESS": states.address(file)}

    @property
    def zip(self) -> Path:
        """The zip with the code of the functions, as the last plan made it."""
        zips = (self.configuration / ".terraform").glob("functions-*.zip")
        return max(zips, key=lambda file: file.stat().st_mtime_ns)

    def run(
        self, *arguments: str, cwd: Path | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run Terraform; with `check`, fail with all of its output if Terraform fails."""
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
        """Make a plan and return it as JSON; the plan is also in the file ``plan.out``."""
        self._write(variables)
        self.run("plan", "-no-color", "-out=plan.out", f"-var-file={VARIABLES}", *options)
        shown: dict[str, Any] = json.loads(self.run("show", "-json", "plan.out").stdout)
        return shown

    def refused(self, variables: Variables, *options: str) -> str:
        """Make a plan that must fail, and return its error message."""
        self._write(variables)
        done = self.run("plan", "-no-color", f"-var-file={VARIABLES}", *options, check=False)
        assert done.returncode == 1, done.stdout
        return " ".join(done.stderr.replace("│", " ").split())

    def apply(self, variables: Variables) -> None:
        """Apply the configuration with these variables."""
        self._write(variables)
        self.run("apply", "-no-color", "-auto-approve", f"-var-file={VARIABLES}")

    def destroy(
        self, variables: Variables, *, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Destroy all resources; with `check`, fail with all output if Terraform fails."""
        self._write(variables)
        arguments = ("-no-color", "-auto-approve", f"-var-file={VARIABLES}")
        return self.run("destroy", *arguments, check=check)

    def state(self) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self.run("show", "-json").stdout)
        return shown

    def bare(self, folder: Path) -> "Workspace":
        """Return a workspace with only variables and regions; its plans need no provider."""
        bare = self._replace(folder=folder)
        bare.configuration.mkdir()
        for file in (*self.configuration.glob("variables*.tf"), self.configuration / "regions.tf"):
            shutil.copy(file, bare.configuration)
        return bare

    def copy(self, folder: Path) -> "Workspace":
        """Return an initialised copy of this workspace in a folder."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return self._replace(folder=folder)

    def _write(self, variables: Variables) -> None:
        (self.configuration / VARIABLES).write_text(json.dumps(variables))


def create(folder: Path) -> Workspace:
    """Copy the configuration and the deployed files to a folder, and initialise Terraform.

    Raises:
        Unavailable: Terraform is not installed, or a provider cannot be set up.
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
    # Plans need a backend that works. `located_environ` has its address.
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
    # The setup of the providers takes 20 seconds, so one process does it for all sessions.
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
