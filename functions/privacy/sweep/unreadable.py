"""Finds what nobody can read in the bucket, whether or not anybody is covered.

It is looked for in what is new, after all else: a sender that fills quarantine with what is refused
holds up no erasure.
"""

import time
from collections.abc import Callable
from datetime import datetime

from functions.google.protocols import Objects
from functions.google.storage import Stored
from functions.observe.log import log
from functions.privacy.erasures.execution import Counts
from functions.privacy.erasures.scope import Covered
from functions.privacy.periods import UNPARSED
from functions.privacy.sweep.storage import StoredObjects, concerns
from functions.retained import quarantine, spill

SECONDS = 60.0
"""For so long it is looked for at most: the request may have more to do."""


class UnreadObjects:
    """Has new objects of spill and quarantine rewritten.

    Args:
        objects: the bucket's.
        stored: rewrites them.
        now: the clock, with an offset.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        objects: Objects,
        stored: StoredObjects,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._objects = objects
        self._stored = stored
        self._now = now
        self._clock = clock

    async def rewrite(self, covered: Covered, counts: Counts, is_over: Callable[[], bool]) -> None:
        """Set aside what nobody can read, the newest first: sweeps before have seen the others.

        Where the time does not suffice, that is logged, and what is left is the next sweep's.

        Raises:
            BucketUnavailable: the bucket did not answer.
        """
        since = self._now() - UNPARSED
        ends_at = self._clock() + SECONDS
        new = [
            stored
            for prefix in (spill.PREFIX, quarantine.PREFIX)
            for stored in await self._objects.find(prefix)
            if _is_new(stored, since) and not concerns(covered, stored)
        ]
        new.sort(key=lambda stored: stored.written_at, reverse=True)
        left = await self._stored.rewrite_each(
            new, covered, counts, lambda: is_over() or self._clock() >= ends_at
        )
        if left:
            log("WARNING", "not all objects were read", objects=left)


def _is_new(stored: Stored, since: datetime) -> bool:
    """Say whether an object may hold something unreadable that no sweep has looked at.

    Of quarantine that is what came within the time after which such things are to be gone; older
    objects were looked at, and there may be many. The spill is empty as a rule.
    """
    if stored.name.startswith(spill.PREFIX):
        return True
    return stored.written_at > since and not quarantine.is_unreadable(stored.name)
