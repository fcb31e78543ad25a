"""Reads which projects each viewer of the dashboard, or each caller of `privacy`, may access."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from functions.observe.log import log

T = TypeVar("T")


class PermissionsUnavailable(Exception):
    """The secret cannot be read, so every request is refused.

    Args:
        reason: the name of the error's type.
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
        everything: the e-mail addresses of people who may access all of these projects.
        some: for each other person, by e-mail address, the projects that they may access.
        owners: the partner that owns each project, for the projects of all cells; only in the
            secret for callers of `privacy`.
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
        """Return the projects of all cells that the secret names for a person.

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
    """Read the secret.

    A mounted secret is fetched at each read, so a person who is removed loses access at once. A
    malformed entry gives no access to the person whom it names, and does not affect other people.
    The log line gives only the entry's position, because the entry's name is an e-mail address.

    Raises:
        PermissionsUnavailable: the secret cannot be read, or lacks the form that Terraform writes.
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
