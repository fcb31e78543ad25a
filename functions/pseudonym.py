"""User keys: keyed pseudonyms, the only name of a person that BI sees.

A plain hash of a user id is undone by trying all ids; without the key that is not possible. The
key has a version that is never replaced in place: a new version begins a new key space, and
whoever looks for a person tries every version.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

KEY_BYTES = 32
USER_KEY_DIGITS = 32
"""Hex digits of a user key: 128 bits, so that two people of one project never meet."""


class PseudonymKeys(NamedTuple):
    """The keys of a cell.

    Attributes:
        version: that new rows are made with: the highest.
        by_version: every key, the current one included.
    """

    version: int
    by_version: Mapping[int, bytes]

    @property
    def current(self) -> bytes:
        """The key that new rows are made with."""
        return self.by_version[self.version]

    def all_user_keys(self, project: str, user_id: str) -> list[str]:
        """Return a person's user keys of every version, the oldest first."""
        return [user_key(key, project, user_id) for _, key in sorted(self.by_version.items())]


def load_keys(folder: Path) -> PseudonymKeys:
    """Read a cell's keys: a file for each version, named by its number, holding base64.

    Names that begin with a dot are passed over: mounted volumes keep their own files there.

    Raises:
        ValueError: there is no key, or one is malformed; the message names the file only.
        OSError: the folder or a file cannot be read.
    """
    keys = {
        _version(file): _key(file) for file in folder.iterdir() if not file.name.startswith(".")
    }
    if not keys:
        raise ValueError(f"no pseudonym key in {folder}")
    return PseudonymKeys(max(keys), keys)


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


def _key(file: Path) -> bytes:
    try:
        key = base64.b64decode(file.read_text(encoding="ascii").strip(), validate=True)
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError(f"pseudonym key {file.name} is not base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"pseudonym key {file.name} is not {KEY_BYTES} bytes long")
    return key
