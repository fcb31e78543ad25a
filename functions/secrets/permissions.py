"""Whose matter which projects are, as a secret says: of the dashboard's viewers, of callers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from functions.observe.log import log

T = TypeVar("T")


class PermissionsUnavailable(Exception):
    """The secret cannot be read, so nobody may do anything.

    Args:
        reason: the error's type.
    """


class _File(msgspec.Struct, forbid_unknown_fields=True):
    projects: list[str]
    everything: list[Any] = []
    some: dict[str, Any] = {}
    owners: dict[str, Any] = {}


class Permissions(msgspec.Struct, frozen=True):
    """The secret's content; Terraform writes it.

    Attributes:
        projects: all projects that are or were pinned to the cell.
        everything: e-mail addresses of those whose matter all of them are.
        some: of others, the projects of each, by e-mail address.
        owners: the partner of each project of every cell; only in the callers' secret.
    """

    projects: list[str]
    everything: list[str] = []
    some: Mapping[str, list[str]] = {}
    owners: Mapping[str, str] = {}

    def has_everything(self, email: str) -> bool:
        """Say whether all of the cell is a person's matter.

        Args:
            email: in lower case.
        """
        return email in {address.lower() for address in self.everything}

    def projects_of(self, email: str) -> list[str]:
        """Return the projects of the cell that are a person's matter, by name.

        Args:
            email: in lower case.
        """
        if self.has_everything(email):
            return sorted(self.projects)
        return sorted(self.named_for(email) & set(self.projects))

    def named_for(self, email: str) -> frozenset[str]:
        """Return the projects that the secret names for a person, whichever cell they are in.

        Args:
            email: in lower case.
        """
        return frozenset(
            project
            for address, projects in self.some.items()
            if address.lower() == email
            for project in projects
        )


def read_permissions(path: Path) -> Permissions:
    """Read the secret; a mounted one is fetched, so who is taken out of it is out at once.

    A malformed entry gives its own person nothing and takes nothing from others. It is logged by
    its place, for its name is a person's address.

    Raises:
        PermissionsUnavailable: it cannot be read, or is not what Terraform writes.
    """
    try:
        content = msgspec.json.decode(path.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError) as error:
        raise PermissionsUnavailable(type(error).__name__) from error
    everything = _readable("everything", dict(enumerate(content.everything)), str)
    some = _readable("some", content.some, list[str])
    owners = _readable("owners", content.owners, str)
    return Permissions(content.projects, list(everything.values()), some, owners)


def _readable(field: str, entries: Mapping[Any, object], form: type[T]) -> dict[Any, T]:
    """Return the entries that are of their form; log the others."""
    readable = {}
    for place, (key, entry) in enumerate(entries.items(), 1):
        try:
            readable[key] = msgspec.convert(entry, form)
        except msgspec.ValidationError:
            log("ERROR", "permission record faulty", place=place, field=field, faults=1)
    return readable
