"""Dead letters of partners who have left: they are acknowledged, and so forgotten."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from functions.google.protocols import Subscription
from functions.google.subscription import EMPTY_PULLS, Letter, SubscriptionUnavailable
from functions.privacy.offboarding.search import Search

PLACE = "dead letters"


@dataclass(frozen=True, slots=True)
class ClosedPartnerLetters:
    """Finds and deletes dead letters; those of others are given back as they are.

    Args:
        subscription: that keeps them.
    """

    subscription: Subscription

    async def clear(self, search: Search) -> None:
        """Delete the partners' letters, and count them.

        Raises:
            OutOfTime: not all was looked at.
            SubscriptionUnavailable: Pub/Sub did not answer.
            BucketUnavailable: what must be kept could not be quarantined.
        """
        returned: list[Letter] = []
        try:
            empty = 0
            while empty < EMPTY_PULLS:
                search.check_time()
                letters = await self.subscription.pull()
                empty = 0 if letters else empty + 1
                start = len(returned)
                returned += letters  # until they are forgotten
                theirs = [letter for letter in letters if search.closed.owner(letter.attributes)]
                await self._forget(theirs, search)
                if not search.dry_run:
                    gone = {letter.ack_id for letter in theirs}
                    returned[start:] = [letter for letter in letters if letter.ack_id not in gone]
        finally:
            with suppress(SubscriptionUnavailable):  # then they come back by themselves
                await self.subscription.give_back(returned)

    async def _forget(self, letters: Sequence[Letter], search: Search) -> None:
        going = await search.sort(
            PLACE,
            [
                (search.closed.owner(letter.attributes) or "", letter.data, letter.attributes)
                for letter in letters
            ],
        )
        if letters and not search.dry_run:
            await self.subscription.acknowledge(letters)
            search.findings.deleted.update(going)
