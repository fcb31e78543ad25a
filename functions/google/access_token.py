"""The header that authorises calls of Google's APIs, for code that calls gRPC very often.

gRPC can add this header itself (call credentials). But in Python it starts a thread for each call,
which takes longer than the rest of a publish over TLS (docs/benchmarks.md).
"""

import asyncio
from collections.abc import Callable
from typing import Any

Metadata = tuple[tuple[str, str], ...]

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


class NoAccess(Exception):
    """There are no credentials, or they give no token."""


def default_credentials(quota_project: str = "") -> Any:
    """Return application default credentials.

    The library is imported here, because it is slow to import, and connections without TLS do not
    need it.

    Args:
        quota_project: the project whose quota is used; if empty, the project of the credentials.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: there are no credentials.
    """
    import google.auth  # noqa: PLC0415

    credentials, _ = google.auth.default(scopes=SCOPES, quota_project_id=quota_project or None)
    return credentials


class AccessToken:
    """Keeps an access token, and replaces it some minutes before it expires.

    Args:
        find: returns the credentials; may block.
    """

    def __init__(self, find: Callable[[], Any] = default_credentials) -> None:
        self._find = find
        self._credentials: Any = None
        self._metadata: Metadata = ()
        self._reading: asyncio.Future[None] | None = None

    def at_hand(self) -> Metadata | None:
        """Return the metadata of an authorised call, without waiting; None if a new token is due.

        If this returns None, the caller must await `metadata`.
        """
        return self._metadata if self._state() == "FRESH" else None

    async def metadata(self) -> Metadata:
        """Return the metadata of an authorised call.

        If the token is about to expire, this waits for a new one; all callers wait for the same. If
        there is no new one, the old one is used until it expires.

        Raises:
            NoAccess: there is no token that is still valid.
        """
        if self.at_hand() is None:
            await self._renew()
        return self._metadata

    def _state(self) -> str:
        """Return the name of google-auth's `TokenState`: FRESH, STALE or INVALID."""
        return "INVALID" if self._credentials is None else str(self._credentials.token_state.name)

    async def _renew(self) -> None:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.get_running_loop().run_in_executor(None, self._read)
        try:
            # If one caller has no more time, the others still wait.
            await asyncio.shield(self._reading)
        except Exception as error:  # noqa: BLE001 - any error means that there is no new token
            if self._state() == "INVALID":
                raise NoAccess(type(error).__name__) from None

    def _read(self) -> None:
        from google.auth.transport.requests import Request  # noqa: PLC0415 - slow to import

        if self._credentials is None:
            self._credentials = self._find()
        headers: dict[str, str] = {}
        self._credentials.before_request(Request(), "", "", headers)
        self._metadata = tuple((name.lower(), value) for name, value in headers.items())
