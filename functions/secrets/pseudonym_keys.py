"""User keys: keyed pseudonyms, the only name of a person that BI sees.

A plain hash of a user id is undone by trying all ids; without the key that is not possible. The
key has a version that is never replaced in place: a new version begins a new key space, and
whoever looks for a person tries every version.

Which version a row is made with depends on when its event was received, not on when it is loaded.
So copies of an event always have the same user key, however late they come; and an erasure, which
knows the versions of its day, knows every key that rows of before it can ever get. A new version is
therefore announced: its file says since when it is used, and by then every function has it.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

KEY_BYTES = 32
USER_KEY_DIGITS = 32
"""Hex digits of a user key: 128 bits, so that two people of one project never meet."""


class PseudonymKeys(NamedTuple):
    """The keys of a cell.

    Attributes:
        version: the highest.
        by_version: every key.
        since: when versions begin that were announced (UTC); those without were always in use.
    """

    version: int
    by_version: Mapping[int, bytes]
    since: Mapping[int, datetime] = MappingProxyType({})

    @property
    def current(self) -> bytes:
        """The key of the highest version."""
        return self.by_version[self.version]

    def version_at(self, received_at: datetime) -> int:
        """Return the version that the row of an event is made with.

        Args:
            received_at: of the event, with an offset.
        """
        begun = (
            version
            for version in self.by_version
            if version not in self.since or self.since[version] <= received_at
        )
        return max(begun, default=min(self.by_version))

    def all_user_keys(self, project: str, user_id: str) -> list[str]:
        """Return a person's user keys of every version, the oldest first."""
        return [user_key(key, project, user_id) for _, key in sorted(self.by_version.items())]


def load_keys(folder: Path) -> PseudonymKeys:
    """Read a cell's keys: a file for each version, named by its number.

    It holds the key in base64 and, after a space, since when it is used (RFC 3339); a version
    without a time was always in use.

    Names that begin with a dot are passed over: mounted volumes keep their own files there.

    Raises:
        ValueError: there is no key, or one is malformed; the message names the file only.
        OSError: the folder or a file cannot be read.
    """
    keys: dict[int, bytes] = {}
    since: dict[int, datetime] = {}
    for file in folder.iterdir():
        if file.name.startswith("."):
            continue
        version = _version(file)
        keys[version], begins_at = _key(file)
        if begins_at is not None:
            since[version] = begins_at
    if not keys:
        raise ValueError(f"no pseudonym key in {folder}")
    return PseudonymKeys(max(keys), keys, since)


def user_key(key: bytes, project: str, user_id: str) -> str:
    """Return a person's user key within a project: 32 hex digits.

    Each part is preceded by its length, so that no two pairs share one input: without that,
    project ``a`` with user ``bc`` and project ``ab`` with user ``c`` would be one person.
    """
    project_bytes, user_bytes = project.encode(), user_id.encode()
    message = b"".join(
        (
            len(project_bytes).to_bytes(4, "big"),
            project_bytes,
            len(user_bytes).to_bytes(4, "big"),
            user_bytes,
        )
    )
    return hmac.digest(key, message, "sha256").hex()[:USER_KEY_DIGITS]


def _version(file: Path) -> int:
    if not (file.name.isascii() and file.name.isdecimal() and int(file.name) > 0):
        raise ValueError(f"pseudonym key {file.name} is not named by its version, such as 1")
    return int(file.name)


def _key(file: Path) -> tuple[bytes, datetime | None]:
    try:
        encoded, _, time = file.read_text(encoding="ascii").strip().partition(" ")
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError(f"pseudonym key {file.name} is not base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"pseudonym key {file.name} is not {KEY_BYTES} bytes long")
    return key, _begins_at(file, time) if time else None


def _begins_at(file: Path, time: str) -> datetime:
    try:
        begins_at = datetime.fromisoformat(time)
    except ValueError:
        raise ValueError(f"pseudonym key {file.name} is not followed by a time") from None
    if begins_at.tzinfo is None:
        raise ValueError(f"pseudonym key {file.name} is not followed by a time with an offset")
    return begins_at.astimezone(UTC)
