"""Leases all letters of a subscription, and gives back those that are not acknowledged."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from functions.google.subscription import Letter, Subscription, SubscriptionUnavailable

EMPTY_PULLS = 2
"""A subscription counts as empty after this many empty pulls in a row. According to Pub/Sub's
documentation, a single pull may return nothing although there are messages."""


class Lease:
    """Pulls letters batch by batch until none is left.

    ``async for`` yields the batches, which may be empty, and raises SubscriptionUnavailable if a
    pull fails. The end of ``async with`` gives back all letters that are still leased.

    Args:
        subscription: the subscription with the letters. Its acknowledgement deadline must be longer
            than the lease lasts. Otherwise a letter can be pulled twice.
        stop: called before each pull; returns whether to end without this pull.
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
        """Whether the subscription counts as empty, which means that all letters were pulled."""
        return self._empty_pulls >= EMPTY_PULLS

    async def __aenter__(self) -> Self:
        """Begin the lease. This pulls no letters yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give back the letters that are still leased."""
        with suppress(SubscriptionUnavailable):  # the leases expire anyway
            await self._subscription.give_back([*self._leased.values()])

    def __aiter__(self) -> Self:
        """Return the iterator over batches. A second loop continues where the first one ended."""
        return self

    async def __anext__(self) -> list[Letter]:
        """Pull a batch of letters, which may be empty.

        Raises:
            SubscriptionUnavailable: the pull failed.
        """
        if self.is_complete or (self._stop is not None and self._stop()):
            raise StopAsyncIteration
        letters = await self._subscription.pull()
        self._empty_pulls = 0 if letters else self._empty_pulls + 1
        # To save memory, keep the letters without their content: the ack id is enough to give a
        # letter back.
        self._leased |= {
            letter.ack_id: letter._replace(data=b"", attributes={}) for letter in letters
        }
        return letters

    async def acknowledge(self, letters: Sequence[Letter]) -> None:
        """Acknowledge letters, so that Pub/Sub deletes them.

        Raises:
            SubscriptionUnavailable: the call failed. The letters stay leased, and are given
                back at the end.
        """
        await self._subscription.acknowledge(letters)
        self.drop(letters)

    def drop(self, letters: Sequence[Letter]) -> None:
        """Remove letters from the lease, so that they are not given back at the end."""
        for letter in letters:
            del self._leased[letter.ack_id]
