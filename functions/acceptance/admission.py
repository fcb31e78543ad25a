"""Who is let in: the partners of the secret, less those who have left."""

import time
from collections.abc import Callable
from typing import Protocol

from functions.acceptance.partners import Directory
from functions.closed import ClosedList


class Partners(Protocol):
    """The partners of now, as `functions.acceptance.partners_file.PartnersFile`."""

    @property
    def fresh_until(self) -> float:
        """Until when `current` returns just what it returned last; seconds, monotonic."""

    async def current(self) -> Directory:
        """Return them, the same object until they change; or raise PartnersUnavailable."""


class Closed(Protocol):
    """The closed list of now, as `functions.closed.ClosedFile`."""

    @property
    def fresh_until(self) -> float:
        """Until when `current` returns just what it returned last; seconds, monotonic."""

    async def current(self) -> ClosedList:
        """Return it, the same object until it changes; or raise ClosedUnavailable."""


class Admission:
    """Puts both secrets together when one of them changes, so that a request asks once.

    Args:
        partners: who has tokens.
        closed: who has left.
        clock: seconds, monotonic; both go by it, too.
    """

    def __init__(
        self, partners: Partners, closed: Closed, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._partners = partners
        self._closed = closed
        self._clock = clock
        self._made_of: tuple[Directory, ClosedList] | None = None
        self._admitted = Directory({})
        self._fresh_until = float("-inf")

    def at_hand(self) -> Directory | None:
        """Return the directory of those who are let in; None where `current` has to be awaited."""
        return self._admitted if self._clock() <= self._fresh_until else None

    async def current(self) -> Directory:
        """Return the directory of those who are let in.

        Raises:
            SecretUnavailable: one of the secrets cannot be read; nobody may be let in.
        """
        partners = await self._partners.current()
        fresh_until = self._partners.fresh_until  # of these: others may come while the list does
        closed = await self._closed.current()
        made_of = self._made_of
        if made_of is None or made_of[0] is not partners or made_of[1] is not closed:
            self._made_of = partners, closed
            self._admitted = partners.without(closed.partners)
        self._fresh_until = min(fresh_until, self._closed.fresh_until)
        return self._admitted
