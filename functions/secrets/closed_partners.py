"""The closed list: partners who have left. An entry stays for as long as their data may arrive.

It is a secret, of JSON. Terraform makes its first version, which names nobody; the privacy function
adds the others, see `functions.privacy.offboarding.closed_list`::

    {"partners": {"acme": {"projects": ["acme-prod"], "closed_at": "2026-11-22T14:25:32Z"}}}

If Terraform's version is gone, the next apply makes it again, and that list would let every closed
partner in. So a list of Terraform says when it was made, and when the secret was made: if the times
are too far apart, the list is refused.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import msgspec

from functions.observe.log import log
from functions.secrets.file import KEEP_SECONDS, REFRESH_SECONDS, SecretFile, SecretUnavailable

FIRST_DAY = timedelta(days=1)
"""How long after the secret Terraform makes its first version at most, even if an apply is
repeated."""

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class MadeAnew(ValueError):
    """Terraform made the list, long after the secret: who is closed is in a version before it."""


class ClosedUnavailable(SecretUnavailable):
    """It is not known who is closed, so nothing of anybody may be stored."""


class ClosedPartner(msgspec.Struct, frozen=True):
    """A partner who has left the cell.

    Attributes:
        projects: that it had, in any cell: one of another cell may have been here before.
        closed_at: since when nothing of the partner is accepted.
    """

    projects: tuple[str, ...]
    closed_at: Moment


class _File(msgspec.Struct):
    partners: dict[str, msgspec.Raw]
    follows: int = 0
    made_at: Moment | None = None
    secret_made_at: Moment | None = None


class ClosedList(msgspec.Struct, frozen=True):
    """The secret's content. Members that this version does not know are passed over.

    Attributes:
        partners: those who have left, by name.
        follows: the version of the secret that this one was made of; 0 where nobody says.
        made_at: when Terraform made it; None where somebody else did.
        secret_made_at: when the secret was made, which Terraform says beside it.
        unreadable: malformed entries, by name: the JSON of each. They close their own partner
            only; it is not known whether it has left.
    """

    partners: dict[str, ClosedPartner]
    follows: int = 0
    made_at: Moment | None = None
    secret_made_at: Moment | None = None
    unreadable: Mapping[str, bytes] = MappingProxyType({})

    @classmethod
    def from_json(cls, text: bytes) -> "ClosedList":
        """Read the secret's content.

        Raises:
            MadeAnew: it is not the list of those who are closed.
            ValueError: it is not of the form above; the message quotes none of it.
        """
        try:
            content = msgspec.json.decode(text, type=_File)
        except msgspec.DecodeError:
            raise ValueError("the closed list is not of the expected form") from None
        made_at, secret_made_at = content.made_at, content.secret_made_at
        if made_at and secret_made_at and made_at > secret_made_at + FIRST_DAY:
            raise MadeAnew("the closed list was made anew")
        partners, unreadable = {}, {}
        for name, entry in content.partners.items():
            try:
                partners[name] = msgspec.json.decode(entry, type=ClosedPartner)
            except msgspec.DecodeError:
                unreadable[name] = bytes(entry)
        return cls(partners, content.follows, made_at, secret_made_at, unreadable)

    def to_json(self) -> bytes:
        """Return the content for a next version; entries that are malformed stay as they are."""
        unreadable = {name: msgspec.Raw(entry) for name, entry in self.unreadable.items()}
        return msgspec.json.encode(
            {"partners": unreadable | self.partners, "follows": self.follows}
        )

    def is_closed(self, attributes: Mapping[str, str]) -> bool:
        """Say whether an event is a closed partner's.

        Args:
            attributes: of its message. Where they name no partner their project tells, which
                belongs to one partner only.

        Raises:
            ClosedUnavailable: that cannot be told, as the partner's entry is malformed.
        """
        partner = attributes.get("partner")
        if partner:
            if partner in self.unreadable:
                raise ClosedUnavailable
            return partner in self.partners
        project = attributes.get("project")
        if any(project in closed.projects for closed in self.partners.values()):
            return True
        if self.unreadable:
            raise ClosedUnavailable
        return False


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
            _parse,
            ClosedUnavailable,
            clock=clock,
            read=read,
            refresh_seconds=refresh_seconds,
            keep_seconds=keep_seconds,
        )


def _parse(text: bytes) -> ClosedList:
    """Read the list; log each malformed entry, at each read: an alert hears of it."""
    closed = ClosedList.from_json(text)
    for name in sorted(closed.unreadable):
        log("ERROR", "partner record faulty", partner=name, field="closed", faults=1)
    return closed
