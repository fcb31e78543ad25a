"""Reads the closed list: a secret that lists the partners that were offboarded.

The secret is JSON::

    {"partners": {"acme": {"projects": ["acme-prod"], "closed_at": "2026-11-22T14:25:32Z"}}}

Terraform creates the first version of the secret, with an empty list. The privacy function adds the
later versions (`functions.privacy.offboarding.closed_list`). A partner stays in the list for as
long as data of the partner may still arrive.

If Terraform's version is destroyed, the next `terraform apply` creates an empty list again. That
list would admit every closed partner. To detect this, Terraform writes two times into its list:
when it created the list, and when it created the secret. A list that is much younger than the
secret is refused.
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
"""Terraform must create its list within this time after it created the secret. The time is long
enough to run `terraform apply` again after a failure."""

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class ListReplaced(ValueError):
    """Terraform replaced the closed list by an empty one.

    An earlier version of the secret names the closed partners.
    """


class ClosedUnavailable(SecretUnavailable):
    """It is not known whether an event's partner is closed, so the event must not be stored."""


class ClosedPartner(msgspec.Struct, frozen=True):
    """An entry of the closed list: a partner that was offboarded.

    Attributes:
        projects: the partner's projects in all cells, because a project may have moved between
            cells.
        closed_at: when the cell stopped accepting events of the partner.
    """

    projects: tuple[str, ...]
    closed_at: Moment


class _ClosedListFile(msgspec.Struct):
    partners: dict[str, msgspec.Raw]
    follows: int = 0
    made_at: Moment | None = None
    secret_made_at: Moment | None = None


class ClosedList(msgspec.Struct, frozen=True):
    """The content of the closed list. Members with unknown names are ignored.

    Attributes:
        partners: the closed partners, by name.
        follows: the number of the secret's version from which this list was made; 0 if the list
            does not contain it.
        made_at: when Terraform created the list; None if Terraform did not create it.
        secret_made_at: when Terraform created the secret; None if the list does not contain it.
        unreadable: the JSON of each malformed entry, by partner. The partner of a malformed entry
            may be closed, so its events are refused. Other events are not affected.
    """

    partners: dict[str, ClosedPartner]
    follows: int = 0
    made_at: Moment | None = None
    secret_made_at: Moment | None = None
    unreadable: Mapping[str, bytes] = MappingProxyType({})

    @classmethod
    def from_json(cls, text: bytes) -> "ClosedList":
        """Read the content of the closed list; malformed entries go to `unreadable`.

        Raises:
            ListReplaced: Terraform replaced the list by an empty one.
            ValueError: the content is not JSON, or does not have the form of a closed list; the
                message does not quote the content.
        """
        try:
            content = msgspec.json.decode(text, type=_ClosedListFile)
        except msgspec.DecodeError:
            raise ValueError("the closed list does not have the expected format") from None
        made_at, secret_made_at = content.made_at, content.secret_made_at
        if made_at and secret_made_at and made_at > secret_made_at + FIRST_DAY:
            raise ListReplaced("Terraform has replaced the closed list")
        partners, unreadable = {}, {}
        for name, entry in content.partners.items():
            try:
                partners[name] = msgspec.json.decode(entry, type=ClosedPartner)
            except msgspec.DecodeError:
                unreadable[name] = bytes(entry)
        return cls(partners, content.follows, made_at, secret_made_at, unreadable)

    def to_json(self) -> bytes:
        """Return the list as JSON for the secret's next version, including malformed entries."""
        unreadable = {name: msgspec.Raw(entry) for name, entry in self.unreadable.items()}
        return msgspec.json.encode(
            {"partners": unreadable | self.partners, "follows": self.follows}
        )

    def is_closed(self, attributes: Mapping[str, str]) -> bool:
        """Return whether an event belongs to a closed partner.

        Args:
            attributes: the attributes of the event's message. If ``partner`` is missing, the
                project decides, because each project belongs to one partner only.

        Raises:
            ClosedUnavailable: a malformed entry is, or may be, the entry of the event's partner.
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
    """Reads the closed list from a file, and reads it again when the value is old.

    Args:
        path: the secret's file.
        clock: returns monotonic seconds.
        read: reads the file and returns its content; may block.
        refresh_seconds: the age in seconds at which the file is read again.
        keep_seconds: the age in seconds up to which the last good value may be used.
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
    """Read the list; log each malformed entry at every read, because an alert counts the lines."""
    closed = ClosedList.from_json(text)
    for name in sorted(closed.unreadable):
        log("ERROR", "partner record faulty", partner=name, field="closed", faults=1)
    return closed
