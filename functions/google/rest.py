"""Reads resources from Google's REST APIs, or from stand-ins with the same API."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TIMEOUT_SECONDS = 30

Read = Callable[[str], dict[str, Any]]
"""Takes a path below an endpoint; returns the resource at this path. Blocks; raises `NotThere` or
`NotAnswered`."""


class NotThere(Exception):
    """According to the API, the resource does not exist."""


class NotAnswered(Exception):
    """The API did not return the resource. The message says why, without quoting the response."""


def open_reader(endpoint: str, quota_project: str = "") -> Read:
    """Return a function that reads resources below an endpoint.

    The libraries are imported here: they are slow to import, and most instances never need them.

    Args:
        endpoint: ``https://host`` to use application default credentials, or ``http://host:port``
            to call a stand-in without credentials.
        quota_project: the project whose quota is used; if empty, the project of the credentials.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: there are no credentials.
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
            raise NotAnswered("the answer is not JSON") from error
        return content

    return read
