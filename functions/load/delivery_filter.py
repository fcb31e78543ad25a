"""Drops deliveries of closed partners, so that no replay brings back the partners' data."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from functions.load.loader import NotStored
from functions.load.tally import LoadTally
from functions.secrets.closed_partners import ClosedList, ClosedUnavailable
from functions.web.push import PushedMessage


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Loads deliveries, and drops the deliveries of closed partners.

    Args:
        closed: returns the closed list.
        load_message: loads one message, like `functions.load.loader.Loader.load`.
        tally: counts deliveries that are dropped, or refused because the list cannot be read.
    """

    closed: Callable[[], Awaitable[ClosedList]]
    load_message: Callable[[PushedMessage], Awaitable[None]]
    tally: LoadTally

    async def load(self, message: PushedMessage) -> None:
        """Load one message; drop it, without quarantine, if its partner is closed.

        Raises:
            NotStored: the closed list is unavailable, or it is unknown whether the message is
                stored.
        """
        try:
            is_closed = (await self.closed()).is_closed(message.attributes)
        except ClosedUnavailable:
            self.tally.counts.refused["closed_unavailable"] += 1
            raise NotStored("closed_unavailable") from None
        if is_closed:
            self.tally.counts.closed += 1
        else:
            await self.load_message(message)
