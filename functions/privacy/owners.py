"""Whose a project is."""

from collections.abc import Awaitable, Callable

from functions.acceptance.partners import Directory
from functions.acceptance.partners_file import PartnersUnavailable
from functions.privacy.refusal import Refused, later


class Owners:
    """Tells partners by their projects.

    Args:
        directory: of the partners, as `functions.acceptance.partners_file.PartnersFile.current`.
    """

    def __init__(self, directory: Callable[[], Awaitable[Directory]]) -> None:
        self._directory = directory

    async def of(self, project: str) -> str:
        """Return the name of the partner that a project belongs to.

        Raises:
            Refused: it is nobody's (422), or that cannot be read (503).
        """
        try:
            directory = await self._directory()
        except PartnersUnavailable:
            raise later("Whose the project is cannot be read at the moment") from None
        partner = directory.owner(project)
        if partner is None:
            raise Refused(422, "`project` belongs to no partner")
        return partner
