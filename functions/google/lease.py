"""Goes through all letters of a subscription, and gives back those that are not acknowledged."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from functions.google.protocols import Subscription
from functions.google.subscription import Letter, SubscriptionUnavailable

EMPTY_PULLS = 2
"""So many empty pulls in a row mean that no letter is left. One alone may be empty by chance, as
Pub/Sub's documentation of pull says."""


class Lease:
    """Pulls letters, a batch after the other, until none is left.

    ``async with`` gives back, at the end, all letters that are still leased. ``async for`` returns
    the batches; a batch may be empty. It raises SubscriptionUnavailable if Pub/Sub does not answer.

    Args:
        subscription: has the letters. Its acknowledgement deadline must be longer than the lease;
            otherwise a letter arrives twice.
        stop: returns whether to pull no further batch; it is called before each pull.
    """

    def __init__(self, subscription: Subscription, stop: Callable[[], bool] | None = None) -> None:
        self._subscription = subscription
        self._stop = stop
        self._leased: dict[str, Letter] = {}
        self._empty_pulls = 0

    def __len__(self) -> int:
        """Return the number of letters that are leased."""
        return len(self._leased)

    @property
    def is_complete(self) -> bool:
        """Whether no letter is left to pull."""
        return self._empty_pulls >= EMPTY_PULLS

    async def __aenter__(self) -> Self:
        """Begin; nothing is pulled yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give back the letters that are still leased."""
        with suppress(SubscriptionUnavailable):  # they return after their deadline
            await self._subscription.give_back([*self._leased.values()])

    def __aiter__(self) -> Self:
        """Go through the batches; a second loop continues where the first one ended."""
        return self

    async def __anext__(self) -> list[Letter]:
        """Pull a batch.

        Raises:
            SubscriptionUnavailable: Pub/Sub did not answer.
        """
        if self.is_complete or (self._stop is not None and self._stop()):
            raise StopAsyncIteration
        letters = await self._subscription.pull()
        self._empty_pulls = 0 if letters else self._empty_pulls + 1
        # Only the ack id is needed to give a letter back, and there may be many.
        self._leased |= {
            letter.ack_id: letter._replace(data=b"", attributes={}) for letter in letters
        }
        return letters

    async def acknowledge(self, letters: Sequence[Letter]) -> None:
        """Acknowledge letters: Pub/Sub deletes them.

        Raises:
            SubscriptionUnavailable: Pub/Sub did not answer. The letters stay leased, so they are
                given back at the end.
        """
        await self._subscription.acknowledge(letters)
        self.drop(letters)

    def drop(self, letters: Sequence[Letter]) -> None:
        """Do not give these letters back at the end."""
        for letter in letters:
            del self._leased[letter.ack_id]
