"""Who asks a private function: an identity token, given or of the Google Cloud CLI."""

import subprocess
from collections.abc import Callable

GCLOUD = ("gcloud", "auth", "print-identity-token")
GCLOUD_SECONDS = 60


class NotSignedIn(Exception):
    """Nobody says who asks; the message says what to do."""


Headers = Callable[[str], dict[str, str]]
"""Returns the headers that tell a function's URL who asks; raises `NotSignedIn`."""


def identify(identity_token: str) -> Headers:
    """Return what identifies the operator.

    Args:
        identity_token: the operator's; without it, ``gcloud`` is asked at each call, for a token
            is good for an hour only.
    """

    def headers(url: str) -> dict[str, str]:
        if url.startswith("http://"):
            return {}  # a stand-in's, which asks nobody
        return {"Authorization": f"Bearer {identity_token or _ask_gcloud()}"}

    return headers


def _ask_gcloud() -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a constant
            GCLOUD, capture_output=True, check=True, timeout=GCLOUD_SECONDS
        )
    except (OSError, subprocess.SubprocessError):
        raise NotSignedIn("no identity: run `gcloud auth login`, or set IDENTITY_TOKEN") from None
    return done.stdout.decode().strip()
