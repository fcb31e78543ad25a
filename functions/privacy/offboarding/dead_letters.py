"""Deletes the dead letters of closed partners."""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.google.lease import Lease
from functions.google.subscription import Letter, Subscription
from functions.privacy.deadline import OutOfTime
from functions.privacy.offboarding.search import Search

PLACE = "dead letters"


@dataclass(frozen=True, slots=True)
class ClosedPartnerLetters:
    """Deletes dead letters of closed partners, and gives all other dead letters back unchanged.

    Args:
        subscription: the subscription of the dead letters.
    """

    subscription: Subscription

    async def clear(self, search: Search) -> None:
        """Count the dead letters of closed partners, and delete them. A dry run only counts.

        If an event is on hold, it is stored below ``on_hold/`` before its dead letter is deleted.

        Raises:
            OutOfTime: there was no time to look at all letters.
            SubscriptionUnavailable: Pub/Sub did not answer.
            BucketUnavailable: an event on hold could not be stored.
        """
        async with Lease(self.subscription, search.out_of_time) as lease:
            async for letters in lease:
                theirs = [letter for letter in letters if search.closed.owner(letter.attributes)]
                await _delete(theirs, search, lease)
            if not lease.is_complete:
                raise OutOfTime


async def _delete(letters: Sequence[Letter], search: Search, lease: Lease) -> None:
    going = await search.sort(
        PLACE,
        [
            (search.closed.owner(letter.attributes) or "", letter.data, letter.attributes)
            for letter in letters
        ],
    )
    if letters and not search.dry_run:
        await lease.acknowledge(letters)
        search.findings.deleted.update(going)
