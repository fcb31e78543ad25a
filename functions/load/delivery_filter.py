"""What is left of a partner who has left is dropped: wherever it waited, it does not come back."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from functions.load.loader import NotStored
from functions.load.tally import Tally
from functions.secrets.closed_partners import ClosedList, ClosedUnavailable
from functions.web.push import PushedMessage


class Closed(Protocol):
    """Who has left, as `functions.secrets.closed_partners.ClosedFile`."""

    async def current(self) -> ClosedList:
        """Return the list of now, or raise ClosedUnavailable."""


class DeliveryFilter:
    """Loads deliveries but those of closed partners.

    Args:
        closed: who has left.
        load: loads one message, as `functions.load.loader.Loader.load`.
        tally: counts what is dropped, and what waits for the list.
    """

    def __init__(
        self, closed: Closed, load: Callable[[PushedMessage], Awaitable[None]], tally: Tally
    ) -> None:
        self._closed = closed
        self._load = load
        self._tally = tally

    async def load(self, message: PushedMessage) -> None:
        """Load one message, or drop it: then nothing of it is kept, not even in quarantine.

        Raises:
            NotStored: it is not known to be loaded, or not known whether it may be.
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
