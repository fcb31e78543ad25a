"""The bucket's part of a sweep: objects are replaced by others without the people.

What nobody can read goes to its own place on the way.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.google.storage import CONCURRENT_REQUESTS, Storage, Stored
from functions.observe.log import log
from functions.privacy.deadline import OutOfTime
from functions.privacy.erasures.execution import Counts
from functions.privacy.erasures.redaction import (
    PREFIXES,
    Redaction,
    Rewritten,
    rewrite_quarantined,
    rewrite_spilled,
)
from functions.privacy.erasures.scope import Scopes
from functions.privacy.periods import UNREADABLE
from functions.retained import quarantine, spill

MARGIN = timedelta(hours=1)
"""How far the clocks of Cloud Storage and of the sweeps may be apart, with much to spare."""


@dataclass(frozen=True, slots=True)
class ObjectRewriter:
    """Rewrites spill, quarantine and what legal holds keep.

    What replaces an object is written before the object goes, and only over the version that was
    read. So nothing of others is lost, whatever is interrupted and whoever replays meanwhile.

    Args:
        objects: the bucket's.
        redaction: makes what takes people out, for what is covered.
    """

    objects: Storage
    redaction: Callable[[Scopes], Redaction]

    async def rewrite(
        self, scopes: Scopes, counts: Counts, out_of_time: Callable[[], bool]
    ) -> None:
        """Take out what is covered; count it by erasure.

        Raises:
            BucketUnavailable: the bucket did not answer.
            OutOfTime: not all objects were looked at.
        """
        objects = [stored for prefix in PREFIXES for stored in await self.objects.find(prefix)]
        concerned = [stored for stored in objects if concerns(scopes, stored)]
        if await self.rewrite_each(concerned, scopes, counts, out_of_time):
            raise OutOfTime

    async def rewrite_each(
        self,
        objects: Iterable[Stored],
        scopes: Scopes,
        counts: Counts,
        out_of_time: Callable[[], bool],
    ) -> int:
        """Do the same with some objects, in their order; return of how many it had no time for.

        Raises:
            BucketUnavailable: the bucket did not answer.
        """
        redaction = self.redaction(scopes)
        waiting = deque(objects)

        async def work() -> None:
            while waiting and not out_of_time():
                waiting.extend(await self._rewrite(waiting.popleft(), redaction, counts))

        workers = [asyncio.ensure_future(work()) for _ in range(CONCURRENT_REQUESTS)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return len(waiting)

    async def _rewrite(self, stored: Stored, redaction: Redaction, counts: Counts) -> list[Stored]:
        """Rewrite one object; return it as it is now, where somebody else was faster."""
        content = await self.objects.read(stored)
        if content is None:
            return []
        is_spilled = stored.name.startswith(spill.PREFIX)
        rewritten = (
            rewrite_spilled(stored.name, content, stored.written_at, redaction)
            if is_spilled
            else rewrite_quarantined(stored.name, content, stored.written_at, redaction)
        )
        if rewritten is None:
            return []
        if not await self._replace(stored, rewritten):
            return [found for found in await self.objects.find(stored.name) if found != stored]
        place = stored.name.partition("/")[0]
        counts.update((erasure_id, f"{place}_{what}") for erasure_id, what in rewritten.taken)
        return []

    async def _replace(self, stored: Stored, rewritten: Rewritten) -> bool:
        replaces_itself = False
        for name, content in rewritten.objects:
            over = stored.generation if name == stored.name else 0
            written = await self.objects.write(name, content, spill.CONTENT_TYPE, over=over)
            if name == stored.name:
                if not written:
                    return False
                replaces_itself = True
        if not replaces_itself:
            await self.objects.delete(stored)
        return True


def concerns(scopes: Scopes, stored: Stored) -> bool:
    """Say whether an object may hold what is covered.

    What was written before an erasure was executed was looked at then.
    """
    return any(
        scope.executed_at is None or stored.written_at > scope.executed_at - MARGIN
        for scope in scopes
    )


SECONDS = 60.0
"""For so long it is looked for at most: the request may have more to do."""


@dataclass(frozen=True, slots=True)
class UnreadableObjects:
    """Has new objects of spill and quarantine rewritten.

    Args:
        objects: the bucket's.
        stored: rewrites them.
        now: the clock, with an offset.
        clock: seconds, monotonic.
    """

    objects: Storage
    stored: ObjectRewriter
    now: Callable[[], datetime]
    clock: Callable[[], float] = time.monotonic

    async def rewrite(
        self, scopes: Scopes, counts: Counts, out_of_time: Callable[[], bool]
    ) -> None:
        """Quarantine what nobody can read, the newest first: sweeps before have seen the others.

        Where the time does not suffice, that is logged, and what is left is the next sweep's.

        Raises:
            BucketUnavailable: the bucket did not answer.
        """
        since = self.now() - UNREADABLE
        ends_at = self.clock() + SECONDS
        new = [
            stored
            for prefix in (spill.PREFIX, quarantine.PREFIX)
            for stored in await self.objects.find(prefix)
            if _is_new(stored, since) and not concerns(scopes, stored)
        ]
        new.sort(key=lambda stored: stored.written_at, reverse=True)
        left = await self.stored.rewrite_each(
            new, scopes, counts, lambda: out_of_time() or self.clock() >= ends_at
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
