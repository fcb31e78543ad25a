"""Reads and adds versions of one secret, through Secret Manager's REST API (v1)."""

import base64
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from functions.google.rest import SCOPE

REQUEST_SECONDS = 10.0
"""The time limit of one request in seconds."""


class SecretsUnavailable(Exception):
    """A call to Secret Manager failed. A version that the call was to add may exist nevertheless.

    Args:
        reason: the HTTP status of the response, or the name of the error's type. The latter also if
            the response does not have the documented form.
    """


class Version(NamedTuple):
    """One version of a secret.

    Attributes:
        number: the version's number; versions are numbered from 1, without gaps, in the order of
            their creation.
        data: the version's content.
    """

    number: int
    data: bytes


class _Payload(msgspec.Struct):
    data: bytes


class _Added(msgspec.Struct):
    """The answer to ``addVersion``: a ``SecretVersion``."""

    name: Annotated[str, msgspec.Meta(pattern="/versions/[0-9]{1,18}$")]

    @property
    def number(self) -> int:
        """The number of the version."""
        return int(self.name.rpartition("/")[2])


class _Accessed(_Added):
    """The answer to ``access``: an ``AccessSecretVersionResponse``."""

    payload: _Payload


Form = TypeVar("Form", bound=_Added)


def open_session(endpoint: str) -> Any:
    """Return an HTTP session for calls to a Google API.

    Args:
        endpoint: ``https://host`` to use application default credentials, or ``http://host:port``
            to call a stand-in without credentials.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: there are no credentials.
    """
    import google.auth  # noqa: PLC0415 - slow to import
    from google.auth.transport.requests import AuthorizedSession  # noqa: PLC0415
    from requests import Session  # noqa: PLC0415

    if endpoint.startswith("http://"):
        return Session()
    credentials, _ = google.auth.default(scopes=[SCOPE])
    return AuthorizedSession(credentials)


class Secret:
    """Reads and adds versions of one secret. All methods block.

    Args:
        endpoint: the endpoint of Secret Manager's API.
        name: the secret's full name, ``projects/p/secrets/s``.
        connect: opens an HTTP session for an endpoint; called before the first request of each
            thread, because a session of ``requests`` is not made for several threads.
    """

    def __init__(
        self, endpoint: str, name: str, connect: Callable[[str], Any] = open_session
    ) -> None:
        self._endpoint = endpoint
        self._name = name
        self._connect = connect
        self._own = threading.local()

    def newest(self) -> Version:
        """Return the newest version.

        Raises:
            SecretsUnavailable: the version cannot be read.
        """
        version = self._version("latest")
        if version is None:
            raise SecretsUnavailable(str(HTTPStatus.NOT_FOUND.value))
        return version

    def at(self, number: int) -> Version | None:
        """Return the version with this number; None if it is disabled, destroyed or missing.

        Raises:
            SecretsUnavailable: the call failed.
        """
        return self._version(str(number))

    def add(self, data: bytes) -> int:
        """Add a version and return its number.

        Raises:
            SecretsUnavailable: the call failed; the version may have been added nevertheless.
        """
        payload = {"data": base64.b64encode(data).decode()}
        answer = self._call("POST", ":addVersion", json={"payload": payload})
        return self._checked(answer, _Added).number

    def _version(self, which: str) -> Version | None:
        answer = self._call("GET", f"/versions/{which}:access")
        # Secret Manager answers 400 (FAILED_PRECONDITION) for a disabled or destroyed version.
        if answer.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}:
            return None
        accessed = self._checked(answer, _Accessed)
        return Version(accessed.number, accessed.payload.data)

    def _call(self, method: str, path: str, **content: Any) -> Any:
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - slow to import
        from requests.exceptions import RequestException  # noqa: PLC0415

        try:
            session = getattr(self._own, "session", None)
            if session is None:
                session = self._own.session = self._connect(self._endpoint)
            url = f"{self._endpoint}/v1/{self._name}{path}"
            return session.request(method, url, timeout=REQUEST_SECONDS, **content)
        except (GoogleAuthError, RequestException) as error:
            raise SecretsUnavailable(type(error).__name__) from error

    @staticmethod
    def _checked(answer: Any, form: type[Form]) -> Form:
        if answer.status_code != HTTPStatus.OK:
            raise SecretsUnavailable(str(answer.status_code))
        try:
            return msgspec.json.decode(answer.content, type=form)
        except msgspec.DecodeError as error:
            raise SecretsUnavailable(type(error).__name__) from None
