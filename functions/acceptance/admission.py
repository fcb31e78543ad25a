"""Who is let in: the partners of the secret, less those who have left."""

from typing import Protocol

from functions.acceptance.partners import Directory
from functions.closed import ClosedList


class Partners(Protocol):
    """The partners of now, as `functions.acceptance.partners_file.PartnersFile`."""

    async def current(self) -> Directory:
        """Return them, the same object until they change; or raise PartnersUnavailable."""


class Closed(Protocol):
    """The closed list of now, as `functions.closed.ClosedFile`."""

    async def current(self) -> ClosedList:
        """Return it, the same object until it changes; or raise ClosedUnavailable."""


class Admission:
    """Puts both secrets together when one of them changes, so that a request asks once.

    Args:
        partners: who has tokens.
        closed: who has left.
    """

    def __init__(self, partners: Partners, closed: Closed) -> None:
        self._partners = partners
        self._closed = closed
        self._made_of: tuple[Directory, ClosedList] | None = None
        self._admitted = Directory({})

    async def current(self) -> Directory:
        """Return the directory of those who are let in.

        Raises:
            SecretUnavailable: one of the secrets cannot be read; nobody may be let in.
        """
        partners, closed = await self._partners.current(), await self._closed.current()
        made_of = self._made_of
        if made_of is None or made_of[0] is not partners or made_of[1] is not closed:
            self._made_of = partners, closed
            self._admitted = partners.without(closed.partners)
        return self._admitted
