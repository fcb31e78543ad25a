"""Who may send: the partners' tokens and projects, from the cell's secret.

The secret is JSON. It holds digests of the tokens, never the tokens themselves::

    {"partners": {"acme": {"tokens_sha256": ["9f86d0…"], "projects": {"acme-prod": "eu"}}}}
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec

from functions.log import log

REFRESH_SECONDS = 60.0
"""A rotated token works, and a revoked one stops working, within this time."""

KEEP_SECONDS = 600.0
"""The longest time that the last good value is used while the secret cannot be read."""

READ_SECONDS = 5.0
"""How long one read may take; the secret is a volume that fetches at every read."""

Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Partner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A partner as its sender meets it.

    Attributes:
        tokens_sha256: hex digests of its one or two valid tokens (two while one is rotated).
        projects: the cell that each of its projects is pinned to.
    """

    tokens_sha256: Annotated[tuple[Digest, ...], msgspec.Meta(min_length=1, max_length=2)]
    projects: Annotated[dict[str, str], msgspec.Meta(min_length=1)]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    partners: dict[str, Partner]


class Directory:
    """Finds the partner that a token belongs to.

    Args:
        partners: by name.

    Raises:
        ValueError: two partners share a token.
    """

    def __init__(self, partners: dict[str, Partner]) -> None:
        self._by_digest: dict[str, tuple[str, str, Partner]] = {}
        for name, partner in partners.items():
            for digest in partner.tokens_sha256:
                if self._by_digest.setdefault(digest, (digest, name, partner))[1] != name:
                    raise ValueError("two partners have the same token")

    @classmethod
    def from_json(cls, text: bytes) -> "Directory":
        """Read the secret's content.

        Raises:
            ValueError: it is not of the form above; the message quotes none of it.
        """
        try:
            return cls(msgspec.json.decode(text, type=_File).partners)
        except msgspec.DecodeError:
            raise ValueError("the partners secret is not of the expected form") from None

    def find(self, token: str) -> tuple[str, Partner] | None:
        """Return name and record of the partner with this token, None where nobody has it.

        The look-up is by the token's digest, which a stranger cannot steer; the digests are then
        compared in constant time.
        """
        digest = hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()
        stored, name, partner = self._by_digest.get(digest, ("", "", None))
        if partner is None or not hmac.compare_digest(stored, digest):
            return None
        return name, partner


class PartnersUnavailable(Exception):
    """The secret cannot be read and the last good value is too old: nobody may be let in."""


class PartnersFile:
    """Keeps the directory fresh without holding up requests.

    Args:
        path: the secret's file.
        clock: seconds, monotonic.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._directory: Directory | None = None
        self._read_at = float("-inf")
        self._tried_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def current(self) -> Directory:
        """Return the directory; reads the secret again in the background when it is due.

        Raises:
            PartnersUnavailable: no value of the last 10 minutes is known.
        """
        now = self._clock()
        too_old = now - self._read_at > KEEP_SECONDS
        if now - self._tried_at > REFRESH_SECONDS or too_old:
            if self._reading is None or self._reading.done():
                self._tried_at = now
                self._reading = asyncio.create_task(self._read())
            if too_old:
                await self._reading
        if self._directory is None or self._clock() - self._read_at > KEEP_SECONDS:
            raise PartnersUnavailable
        return self._directory

    async def _read(self) -> None:
        started = self._clock()
        try:
            text = await asyncio.wait_for(asyncio.to_thread(self._path.read_bytes), READ_SECONDS)
            self._directory = Directory.from_json(text)
        except (OSError, TimeoutError, ValueError) as error:
            log("ERROR", "partners secret not read", reason=type(error).__name__)
        else:
            self._read_at = started
