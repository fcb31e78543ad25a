"""Reads the outputs of the deployment from Terraform."""

import subprocess
from pathlib import Path

from verify.deployment import NothingDeployed

TERRAFORM_SECONDS = 120
TERRAFORM = Path(__file__).parent.parent / "terraform"


def terraform_outputs() -> bytes:
    """Return the JSON that ``terraform output -json`` prints.

    Raises:
        NothingDeployed: Terraform is not installed, runs too long or fails.
    """
    command = ["terraform", f"-chdir={TERRAFORM}", "output", "-json"]
    try:
        done = subprocess.run(  # noqa: S603 - a constant command
            command, capture_output=True, check=True, timeout=TERRAFORM_SECONDS
        )
    except FileNotFoundError:
        raise NothingDeployed("terraform is not installed; give its outputs (--outputs)") from None
    except subprocess.TimeoutExpired:
        raise NothingDeployed(
            f"terraform output ran longer than {TERRAFORM_SECONDS} s; give its outputs (--outputs)"
        ) from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode().strip()
        raise NothingDeployed(
            f"terraform output: {said}\nDeploy first (terraform/README.md), or give --outputs"
        ) from None
    return done.stdout
