"""Reads permissions: the projects that a dashboard viewer or a caller of `privacy` may access."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from functions.observe.log import log

T = TypeVar("T")


class PermissionsUnavailable(Exception):
    """The permissions secret cannot be read, so every request is refused.

    Args:
        reason: the name of the error's type, such as ``FileNotFoundError``.
    """


class _PermissionsFile(msgspec.Struct, forbid_unknown_fields=True):
    projects: list[str]
    everything: list[Any] = []
    some: dict[str, Any] = {}
    owners: dict[str, Any] = {}


class Permissions(msgspec.Struct, frozen=True):
    """The content of a permissions secret, which Terraform writes.

    Attributes:
        projects: all projects that are or were pinned to the cell.
        everything: the e-mail addresses of people who may access all projects of the cell.
        some: the projects that a person who is not in `everything` may access, by e-mail address.
        owners: for each project of all cells, the partner that owns it; only the secret for callers
            of `privacy` has owners.
    """

    projects: list[str]
    everything: list[str] = []
    some: Mapping[str, list[str]] = {}
    owners: Mapping[str, str] = {}

    def has_everything(self, email: str) -> bool:
        """Return whether a person may access all projects of the cell.

        Args:
            email: the person's e-mail address in lower case.
        """
        return email in {address.lower() for address in self.everything}

    def projects_of(self, email: str) -> list[str]:
        """Return the names of the cell's projects that a person may access, sorted.

        Args:
            email: the person's e-mail address in lower case.
        """
        if self.has_everything(email):
            return sorted(self.projects)
        return sorted(self.named_for(email) & set(self.projects))

    def named_for(self, email: str) -> frozenset[str]:
        """Return the projects that the secret lists for a person; some may be in other cells.

        Args:
            email: the person's e-mail address in lower case.
        """
        return frozenset(
            project
            for address, projects in self.some.items()
            if address.lower() == email
            for project in projects
        )


def read_permissions(path: Path) -> Permissions:
    """Read a permissions secret from a file.

    Each call reads the file again, so a person who is removed loses access at once. A malformed
    entry gives its person no access; other people are not affected. A log line tells the position
    of a malformed entry, not the name, because the name is an e-mail address.

    Raises:
        PermissionsUnavailable: the secret cannot be read, or does not have the form that Terraform
            writes.
    """
    try:
        content = msgspec.json.decode(path.read_bytes(), type=_PermissionsFile)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PermissionsUnavailable(type(error).__name__) from error
    everything = _readable("everything", dict(enumerate(content.everything)), str)
    some = _readable("some", content.some, list[str])
    owners = _readable("owners", content.owners, str)
    return Permissions(content.projects, list(everything.values()), some, owners)


def _readable(field: str, entries: Mapping[Any, object], form: type[T]) -> dict[Any, T]:
    """Return the entries that have the expected form; log the malformed entries."""
    readable = {}
    for place, (key, entry) in enumerate(entries.items(), 1):
        try:
            readable[key] = msgspec.convert(entry, form)
        except msgspec.ValidationError:
            log("ERROR", "permission record faulty", place=place, field=field, faults=1)
    return readable
