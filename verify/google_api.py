"""Reads resources from Google's REST APIs, or from stand-ins that speak them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import google.auth
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TIMEOUT_SECONDS = 30

Read = Callable[[str], dict[str, Any]]
"""Takes a resource's URL; raises `NotThere` and `NotAnswered`."""


class NotThere(Exception):
    """The API says that there is no such resource."""


class NotAnswered(Exception):
    """The API did not say what the resource is; the message says why."""


def open_reader(endpoint: str, project: str) -> Read:
    """Return what reads resources below an endpoint.

    Args:
        endpoint: ``https://host`` with application default credentials, or ``http://host:port``
            of a stand-in without any.
        project: the Google Cloud project that the requests count for.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: nobody is signed in.
    """
    credentials: Any = AnonymousCredentials()
    if not endpoint.startswith("http://"):
        credentials, _ = google.auth.default(scopes=[SCOPE], quota_project_id=project)
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
            found: dict[str, Any] = answer.json()
        except ValueError as error:
            raise NotAnswered("the answer is no JSON") from error
        return found

    return read
