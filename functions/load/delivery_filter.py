"""Drops deliveries of closed partners, so that retained events cannot bring their data back."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from functions.load.loader import NotStored
from functions.load.tally import Tally
from functions.secrets.closed_partners import ClosedList, ClosedUnavailable
from functions.web.push import PushedMessage


class Closed(Protocol):
    """The closed list, like `functions.secrets.closed_partners.ClosedFile`."""

    async def current(self) -> ClosedList:
        """Return the current list, or raise ClosedUnavailable."""


class DeliveryFilter:
    """Loads deliveries, except those of closed partners.

    Args:
        closed: the closed list.
        load: loads one message, like `functions.load.loader.Loader.load`.
        tally: counts dropped deliveries, and deliveries refused because the list is unavailable.
    """

    def __init__(
        self, closed: Closed, load: Callable[[PushedMessage], Awaitable[None]], tally: Tally
    ) -> None:
        self._closed = closed
        self._load = load
        self._tally = tally

    async def load(self, message: PushedMessage) -> None:
        """Load one message; drop it, without quarantine, if its partner is closed.

        Raises:
            NotStored: the message may not be stored, or the closed list is unavailable.
        """
        try:
            is_closed = (await self._closed.current()).is_closed(message.attributes)
        except ClosedUnavailable:
            self._tally.counts.refused["closed_unavailable"] += 1
            raise NotStored("closed_unavailable") from None
        if is_closed:
            self._tally.counts.closed += 1
        else:
            await self._load(message)
