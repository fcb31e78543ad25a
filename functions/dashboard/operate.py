"""Calls the function `operate` to refresh the rollups."""

from collections.abc import Callable
from typing import Any

from functions.observe.log import log


class RefreshFailed(Exception):
    """The refresh of the rollups failed, or did not finish in time.

    Args:
        reason: the HTTP status of operate's response, the name of the error's type, or
            ``not finished``.
    """


def open_session(url: str) -> Any:
    """Return an HTTP session for calls to a private function.

    Args:
        url: the URL of the private function. If it is ``https://host``, each call has an identity
            token of the dashboard's service account, with the URL as its audience. If it is
            ``http://host:port``, calls have no token.
    """
    from google.auth.transport.requests import AuthorizedSession, Request  # noqa: PLC0415 - slow
    from google.oauth2.id_token import fetch_id_token_credentials  # noqa: PLC0415
    from requests import Session  # noqa: PLC0415

    if url.startswith("http://"):
        return Session()
    return AuthorizedSession(fetch_id_token_credentials(url, Request()))


class Operate:
    """Calls the function `operate`.

    Args:
        url: the URL of `operate`.
        seconds: the time limit of a call in seconds.
        connect: opens an HTTP session for a URL; called before the first call.
    """

    def __init__(
        self, url: str, seconds: float, connect: Callable[[str], Any] = open_session
    ) -> None:
        self._url = url
        self._seconds = seconds
        self._connect = connect
        self._session: Any = None

    def refresh(self) -> None:
        """Refresh the rollups of all days that are not up to date. Block until the refresh ends.

        Raises:
            RefreshFailed: `operate` did not answer, answered with an error, or did not finish.
        """
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - slow to import
        from requests.exceptions import RequestException  # noqa: PLC0415

        try:
            if self._session is None:
                self._session = self._connect(self._url)
            answer = self._session.post(f"{self._url}/refresh", json={}, timeout=self._seconds)
        except (GoogleAuthError, RequestException) as error:
            log("ERROR", "refresh failed", error=type(error).__name__)
            raise RefreshFailed(type(error).__name__) from error
        if answer.status_code != 200:
            log("ERROR", "refresh failed", status=answer.status_code)
            raise RefreshFailed(str(answer.status_code))
        if answer.json()["remaining"]:
            log("WARNING", "refresh not finished")
            raise RefreshFailed("not finished")
