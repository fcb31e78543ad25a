"""The closed list: partners who have left. It outlasts whatever of them may still come.

It is a secret, of JSON. Terraform makes its first version, which names nobody; the privacy function
adds the others, see `functions.privacy.closed_list`::

    {"partners": {"acme": {"projects": ["acme-prod"], "closed_at": "2026-11-22T14:25:32Z"}}}
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from functions.secret_file import KEEP_SECONDS, REFRESH_SECONDS, SecretFile, SecretUnavailable


class ClosedUnavailable(SecretUnavailable):
    """It is not known who is closed, so nothing of anybody may be stored."""


class ClosedPartner(msgspec.Struct, frozen=True):
    """A partner who has left the cell.

    Attributes:
        projects: that were pinned to the cell.
        closed_at: since when nothing of the partner is accepted.
    """

    projects: tuple[str, ...]
    closed_at: Annotated[datetime, msgspec.Meta(tz=True)]


class ClosedList(msgspec.Struct, frozen=True):
    """The secret's content. Members that this version does not know are passed over.

    Attributes:
        partners: those who have left, by name.
        follows: the version of the secret that this one was made of; 0 where nobody says.
    """

    partners: dict[str, ClosedPartner]
    follows: int = 0

    @classmethod
    def from_json(cls, text: bytes) -> "ClosedList":
        """Read the secret's content.

        Raises:
            ValueError: it is not of the form above; the message quotes none of it.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError:
            raise ValueError("the closed list is not of the expected form") from None

    def covers(self, attributes: Mapping[str, str]) -> bool:
        """Say whether an event is a closed partner's.

        Args:
            attributes: of its message. Where they name no partner their project tells, which
                belongs to one partner only.
        """
        partner = attributes.get("partner")
        if partner:
            return partner in self.partners
        project = attributes.get("project")
        return any(project in closed.projects for closed in self.partners.values())


class ClosedFile(SecretFile[ClosedList]):
    """Keeps the closed list fresh.

    Args:
        path: the secret's file.
        clock: seconds, monotonic.
        read: returns the file's content; may block.
        refresh_seconds: after this time the file is read again.
        keep_seconds: the longest time that the last good value is used.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.monotonic,
        read: Callable[[Path], bytes] = Path.read_bytes,
        *,
        refresh_seconds: float = REFRESH_SECONDS,
        keep_seconds: float = KEEP_SECONDS,
    ) -> None:
        super().__init__(
            "closed",
            path,
            ClosedList.from_json,
            ClosedUnavailable,
            clock=clock,
            read=read,
            refresh_seconds=refresh_seconds,
            keep_seconds=keep_seconds,
        )
