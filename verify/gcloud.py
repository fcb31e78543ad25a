"""Asks the Google Cloud CLI who is signed in."""

import subprocess

GCLOUD_SECONDS = 30


def identity_token() -> str:
    """Return the token of whoever is signed in to the Google Cloud CLI; empty for nobody."""
    try:
        done = subprocess.run(
            ["gcloud", "auth", "print-identity-token"],  # noqa: S607 - the user's own
            capture_output=True,
            check=True,
            timeout=GCLOUD_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode().strip()
