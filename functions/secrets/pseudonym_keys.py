"""Computes user keys: pseudonyms of people, and the only user column that BI tools see.

A user key is a hash of a user id, computed with a secret key. A plain hash could be reversed:
anyone could try all user ids. With a secret key, only somebody who has the key can do that.

A version of the key never changes. A new version gives each person a new user key, so a search for
a person has to try every version.

The time at which an event was received decides which version its row uses. The time of loading
makes no difference. So all copies of an event have the same user key. An erasure can also compute
every user key of the events received so far, even if some are loaded later. For this, all functions
must have a new version before it is first used. The file of a version says from when it is used.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from functions.observe.log import log

NAME = "pseudonym"
"""The name of the secret in log lines."""

KEY_BYTES = 32
USER_KEY_DIGITS = 32
"""The number of hex digits in a user key. They have 128 bits, so two people of a project never
share a key."""


class PseudonymKeys(NamedTuple):
    """The pseudonym keys of a cell.

    Attributes:
        version: the number of the newest version.
        by_version: the key of each version.
        since: the time (UTC) from which a version is used, by version. A version without a time has
            always been used.
    """

    version: int
    by_version: Mapping[int, bytes]
    since: Mapping[int, datetime] = MappingProxyType({})

    @property
    def current(self) -> bytes:
        """The newest version of the pseudonym key."""
        return self.by_version[self.version]

    def version_at(self, received_at: datetime) -> int:
        """Return the number of the key version with which an event's user keys are computed.

        Args:
            received_at: when the event was received, with an offset from UTC.
        """
        if len(self.by_version) == 1:  # most cells
            return self.version
        begun = (
            version
            for version in self.by_version
            if version not in self.since or self.since[version] <= received_at
        )
        return max(begun, default=min(self.by_version))

    def all_user_keys(self, project: str, user_id: str) -> list[str]:
        """Return a person's user key of each key version, the oldest version first."""
        return [user_key(key, project, user_id) for _, key in sorted(self.by_version.items())]


def load_keys(folder: Path) -> PseudonymKeys:
    """Read a cell's pseudonym keys from a folder; the file ``1`` has version 1, and so on.

    A file contains the key in base64. A space and a time (RFC 3339) may follow: the key is used
    from this time on. A key without a time has always been used. Files whose names begin with a dot
    are ignored, because mounted volumes contain such files.

    If the keys cannot be read, a log line says why.

    Raises:
        ValueError: there is no key, or a file is malformed; the message names the file only.
        OSError: the folder or a file cannot be read.
    """
    try:
        return _read_keys(folder)
    except (OSError, ValueError) as error:
        reason = str(error) if isinstance(error, ValueError) else type(error).__name__
        log("ERROR", "secret not read", secret=NAME, reason=reason)
        raise


def _read_keys(folder: Path) -> PseudonymKeys:
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

    The hashed text contains the length of each part before the part. Otherwise, project ``a`` with
    user ``bc`` and project ``ab`` with user ``c`` would get the same user key.
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
        raise ValueError(f"pseudonym key {file.name} must be named by its version, such as 1")
    return int(file.name)


def _key(file: Path) -> tuple[bytes, datetime | None]:
    try:
        encoded, _, time = file.read_text(encoding="ascii").strip().partition(" ")
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError(f"pseudonym key {file.name} must be base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"pseudonym key {file.name} must be {KEY_BYTES} bytes long")
    return key, _begins_at(file, time) if time else None


def _begins_at(file: Path, time: str) -> datetime:
    try:
        begins_at = datetime.fromisoformat(time)
    except ValueError:
        raise ValueError(f"pseudonym key {file.name} may be followed only by a time") from None
    if begins_at.tzinfo is None:
        raise ValueError(f"pseudonym key {file.name} may be followed only by a time with an offset")
    return begins_at.astimezone(UTC)
