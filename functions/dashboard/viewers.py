"""Who may see which projects, as the viewers' secret says."""

from collections.abc import Mapping
from pathlib import Path

import msgspec


class ViewersUnavailable(Exception):
    """The secret cannot be read, so nobody may see anything.

    Args:
        reason: the error's type.
    """


class Viewers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret's content; Terraform writes it.

    Attributes:
        projects: all projects of the cell.
        everything: e-mail addresses of those who see all of them.
        some: of others, the projects that each sees, by e-mail address.
    """

    projects: list[str]
    everything: list[str] = []
    some: Mapping[str, list[str]] = {}

    def projects_of(self, email: str) -> list[str]:
        """Return the projects of the cell that a person may see, by name.

        Args:
            email: in lower case.
        """
        if email in {address.lower() for address in self.everything}:
            return sorted(self.projects)
        given = {
            project
            for address, projects in self.some.items()
            if address.lower() == email
            for project in projects
        }
        return sorted(given & set(self.projects))


def read_viewers(path: Path) -> Viewers:
    """Read the secret; a mounted one is fetched, so who is taken out of it is out at once.

    Raises:
        ViewersUnavailable: it cannot be read, or is not what Terraform writes.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Viewers)
    except (OSError, msgspec.DecodeError) as error:
        raise ViewersUnavailable(type(error).__name__) from error
