"""Searches objects and dead letters for a person's events that are not stored in a table yet."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from functions.events.body import BadMessage
from functions.events.layout import Layouts
from functions.google.lease import Lease
from functions.google.storage import CONCURRENT_REQUESTS, BucketUnavailable, CloudStorage, Stored
from functions.google.subscription import Letter, Subscription, SubscriptionUnavailable
from functions.privacy.erasures.redaction import PREFIXES
from functions.privacy.exports.messages import (
    RetainedMessage,
    Unreadable,
    message_of,
    messages_of,
)
from functions.privacy.exports.own import Record, own_message
from functions.privacy.exports.tables import Subject

LETTERS = 10_000
"""A search stops pulling dead letters when it has more than this number, because it keeps its
letters in memory, and a replay cannot get them until the search ends."""


@dataclass(slots=True)
class SearchResult:
    """The result of a search of the objects or of the dead letters.

    Attributes:
        records: the person's events, each with the place where it was found.
        unreadable: the number of objects and messages that cannot be parsed.
        is_complete: whether all objects, or all dead letters, were searched.
    """

    records: list[Record] = field(default_factory=list)
    unreadable: int = 0
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class RetainedEvents:
    """Searches objects and dead letters for one person.

    Args:
        storage: the bucket.
        subscription: the subscription of the dead letters.
        layouts: the layouts of the events in the catalogue.
    """

    storage: CloudStorage
    subscription: Subscription
    layouts: Layouts

    async def objects(self, subject: Subject, out_of_time: Callable[[], bool]) -> SearchResult:
        """Search the objects in spill, quarantine and ``on_hold/`` for a person's events.

        If an object cannot be read, the result is incomplete.

        Args:
            subject: the person to search for.
            out_of_time: returns whether the time limit is reached; called before each object.

        Raises:
            BucketUnavailable: the objects cannot be listed.
        """
        search = SearchResult()
        waiting: deque[Stored] = deque()
        for prefix in PREFIXES:
            waiting += await self.storage.find(prefix)

        async def work() -> None:
            while waiting and not out_of_time():
                stored = waiting.popleft()
                try:
                    content = await self.storage.read(stored)
                except BucketUnavailable:
                    waiting.append(stored)
                    return
                if content is not None:
                    self._look(stored.name, content, subject, search)

        await asyncio.gather(*(work() for _ in range(CONCURRENT_REQUESTS)))
        search.is_complete = not waiting
        return search

    async def dead_letters(self, subject: Subject, out_of_time: Callable[[], bool]) -> SearchResult:
        """Search the dead letters for a person's events, and give all letters back to Pub/Sub.

        The result is incomplete if Pub/Sub does not answer, if the time limit is reached, or if
        there are more than `LETTERS` dead letters. Letters that another process has leased are not
        searched.
        """
        search = SearchResult()
        found: list[Letter] = []
        async with Lease(self.subscription, lambda: out_of_time() or len(found) > LETTERS) as lease:
            with suppress(SubscriptionUnavailable):
                async for letters in lease:
                    found += letters
        search.is_complete = lease.is_complete
        for letter in found:
            try:
                message = message_of(letter.data, letter.attributes, subject.owner)
            except Unreadable:
                search.unreadable += 1
                continue
            if message is not None:
                self._keep("dead letters", message, subject, search)
        return search

    def _look(self, name: str, content: bytes, subject: Subject, search: SearchResult) -> None:
        try:
            messages = messages_of(name, content, subject.owner)
        except Unreadable:
            search.unreadable += 1
            return
        for message in messages:
            self._keep(name.split("/", maxsplit=1)[0], message, subject, search)

    def _keep(
        self, place: str, message: RetainedMessage, subject: Subject, search: SearchResult
    ) -> None:
        try:
            own = own_message(message.data, message.kind, subject.ids, self.layouts)
        except BadMessage:
            search.unreadable += 1
            return
        if own is not None:
            search.records.append({"place": place, "received_at": message.received_at} | own)
