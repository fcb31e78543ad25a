"""Removes erased people from objects, by replacing the objects that mention these people.

Unreadable data is moved to folders of quarantine that are only for unreadable data.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.google.storage import CONCURRENT_REQUESTS, CloudStorage, Stored
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
"""We assume that the clocks of Cloud Storage and of the sweeps differ by at most this time."""


@dataclass(frozen=True, slots=True)
class ObjectRewriter:
    """Rewrites the objects of spill, of quarantine, and of events on hold.

    New objects are written before the old one is deleted. An object is overwritten only if it has
    not changed since it was read. So no data of other people is lost, even if a sweep is
    interrupted or a replay runs at the same time.

    Args:
        objects: the cell's bucket.
        redaction: makes an object that removes the people in the given scopes from events.
    """

    objects: CloudStorage
    redaction: Callable[[Scopes], Redaction]

    async def rewrite(
        self, scopes: Scopes, counts: Counts, out_of_time: Callable[[], bool]
    ) -> None:
        """Remove people in scope from all objects that may contain their events.

        Args:
            scopes: the scopes of all erasures.
            counts: the numbers of changed events are added here.
            out_of_time: returns whether to stop.

        Raises:
            BucketUnavailable: the bucket did not answer.
            OutOfTime: there was no time to read all objects.
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
        """Rewrite objects, beginning with the first; return how many are left if time runs out.

        Args:
            objects: the objects to rewrite.
            scopes: the scopes of all erasures.
            counts: the numbers of changed events are added here.
            out_of_time: returns whether to stop.

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
        """Rewrite one object. If it has changed since it was listed, return its new version."""
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
    """Return whether an object may contain events in scope.

    The execution of an erasure rewrites the objects that exist at that time. So after the
    execution, only newer objects may contain events in scope of this erasure. If a repeated request
    has moved the cut-off since, any object may contain such events.
    """
    return any(
        scope.executed_at is None
        or scope.cut_off > scope.executed_at
        or stored.written_at > scope.executed_at - MARGIN
        for scope in scopes
    )


SECONDS = 60.0
"""The time limit in seconds of one search for unreadable data."""


@dataclass(frozen=True, slots=True)
class UnreadableObjects:
    """Moves unreadable data out of new objects of spill and quarantine.

    Args:
        objects: the cell's bucket.
        stored: rewrites the objects.
        now: returns the current time (timezone-aware).
        clock: returns the seconds of a monotonic clock.
    """

    objects: CloudStorage
    stored: ObjectRewriter
    now: Callable[[], datetime]
    clock: Callable[[], float] = time.monotonic

    async def rewrite(
        self, scopes: Scopes, counts: Counts, out_of_time: Callable[[], bool]
    ) -> None:
        """Move unreadable data out of new objects, beginning with the newest object.

        Earlier sweeps have read most of the older objects. If there is no time for all objects, a
        log line says so, and the next sweep continues.

        Args:
            scopes: the scopes of all erasures.
            counts: the numbers of moved events are added here.
            out_of_time: returns whether to stop.

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
            log("WARNING", "objects left unread", objects=left)


def _is_new(stored: Stored, since: datetime) -> bool:
    """Return whether an object may contain unreadable data that no sweep has read.

    In quarantine, only objects of the last week count, because earlier sweeps have read the older
    ones. In the spill, all objects count, because the spill is usually empty.
    """
    if stored.name.startswith(spill.PREFIX):
        return True
    return stored.written_at > since and not quarantine.is_unreadable(stored.name)
