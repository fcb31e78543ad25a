"""Reads resources from Google's REST APIs, or from stand-ins that speak them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TIMEOUT_SECONDS = 30

Read = Callable[[str], dict[str, Any]]
"""Takes a resource's path below an endpoint; raises `NotThere` and `NotAnswered`; blocks."""


class NotThere(Exception):
    """The API says that there is no such resource."""


class NotAnswered(Exception):
    """The API did not say what the resource is; the message says why, and quotes nothing."""


def open_reader(endpoint: str, quota_project: str = "") -> Read:
    """Return what reads resources below an endpoint.

    The libraries are imported here: they are slow to import, and most instances never need them.

    Args:
        endpoint: ``https://host`` with application default credentials, or ``http://host:port``
            of a stand-in without any.
        quota_project: that a person's requests count for; a service account's count for its own.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: nobody is signed in.
    """
    import google.auth  # noqa: PLC0415
    from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
    from google.auth.transport.requests import AuthorizedSession  # noqa: PLC0415

    credentials: Any = AnonymousCredentials()
    if not endpoint.startswith("http://"):
        credentials, _ = google.auth.default(scopes=[SCOPE], quota_project_id=quota_project or None)
    session = AuthorizedSession(credentials)

    def read(path: str) -> dict[str, Any]:
        try:
            answer = session.get(f"{endpoint}/{path}", timeout=TIMEOUT_SECONDS)
        except (OSError, GoogleAuthError) as error:
            raise NotAnswered(type(error).__name__) from error
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise NotThere
        if answer.status_code != HTTPStatus.OK:
            raise NotAnswered(f"HTTP {answer.status_code}")
        try:
            content: dict[str, Any] = answer.json()
        except ValueError as error:
            raise NotAnswered("the answer is no JSON") from error
        return content

    return read
