"""Dead letters of partners who have left: they are acknowledged, and so forgotten."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from functions.privacy.departed import Deadline, Departed, Found, SetAside
from functions.privacy.execution import OutOfTime
from functions.subscription import EMPTY_PULLS, Letter, SubscriptionUnavailable

PLACE = "dead letters"


class Subscription(Protocol):
    """The dead-letter subscription, as `functions.subscription.Subscription`."""

    async def pull(self) -> list[Letter]:
        """Lease messages that nobody else has."""

    async def acknowledge(self, letters: Sequence[Letter]) -> None:
        """Have messages forgotten."""

    async def give_back(self, letters: Sequence[Letter]) -> None:
        """Let messages be pulled again at once."""


class DepartedLetters:
    """Finds and deletes dead letters; those of others are given back as they are.

    Args:
        subscription: that keeps them.
        set_aside: takes what a legal hold keeps, for a replay would lose it.
    """

    def __init__(self, subscription: Subscription, set_aside: SetAside) -> None:
        self._subscription = subscription
        self._set_aside = set_aside

    async def clear(
        self, departed: Departed, found: Found, is_over: Deadline, *, dry_run: bool = False
    ) -> None:
        """Delete the partners' letters, and count them.

        Args:
            departed: the partners.
            found: the counts.
            is_over: whether the time is.
            dry_run: only count.

        Raises:
            OutOfTime: not all was looked at.
            SubscriptionUnavailable: Pub/Sub did not answer.
            BucketUnavailable: what must be kept could not be set aside.
        """
        returned: list[Letter] = []
        try:
            empty = 0
            while empty < EMPTY_PULLS:
                if is_over():
                    raise OutOfTime
                letters = await self._subscription.pull()
                empty = 0 if letters else empty + 1
                start = len(returned)
                returned += letters  # until they are forgotten
                theirs = [letter for letter in letters if departed.owner(letter.attributes)]
                await self._forget(theirs, departed, found, dry_run=dry_run)
                if not dry_run:
                    returned[start:] = [letter for letter in letters if letter not in theirs]
        finally:
            with suppress(SubscriptionUnavailable):  # then they come back by themselves
                await self._subscription.give_back(returned)

    async def _forget(
        self, letters: Sequence[Letter], departed: Departed, found: Found, *, dry_run: bool
    ) -> None:
        for letter in letters:
            owner = departed.owner(letter.attributes) or ""
            found.all[owner, PLACE] += 1
            if departed.keeps(owner, letter.data, letter.attributes):
                found.kept[owner, PLACE] += 1
                if not dry_run:
                    await self._set_aside(owner, letter.data, letter.attributes)
        if letters and not dry_run:
            await self._subscription.acknowledge(letters)
