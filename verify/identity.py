"""Identifies the operator to private functions, with an identity token."""

import subprocess
from collections.abc import Callable

GCLOUD = ("gcloud", "auth", "print-identity-token")
GCLOUD_SECONDS = 60


class NotSignedIn(Exception):
    """There is no identity token; the message says how to get one."""


Headers = Callable[[str], dict[str, str]]
"""Takes the URL of a function, and returns the headers that identify the operator to it; raises
`NotSignedIn` if there is no identity token."""


def identify(identity_token: str) -> Headers:
    """Return a function that makes the headers for each request.

    Args:
        identity_token: the operator's identity token. If it is empty, ``gcloud`` is asked for a
            token at each request, because a token is valid for one hour only.
    """

    def headers(url: str) -> dict[str, str]:
        if url.startswith("http://"):
            return {}  # a stand-in, which checks no identity
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
