"""Replays spill and quarantine: events are published, and only then is their object deleted.

The events keep their bytes, attributes and ingest ids. So whatever interrupts a replay, and
however many run at a time, an event that is published twice is still shown once.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from functions.acceptance.partners import PartnersUnavailable
from functions.events.attributes import parse_time
from functions.events.message import Message
from functions.google.storage import CONCURRENT_REQUESTS, BucketUnavailable, Stored
from functions.google.topic import PublishFailed
from functions.observe.log import log
from functions.retained import spill
from functions.retained.quarantine import Quarantine


@dataclass(slots=True)
class ReplayReport:
    """What a replay did.

    Attributes:
        objects: replayed, and deleted.
        events: published from them.
        days: UTC days on which published events were received: those to settle and to refresh.
        remaining: objects that the time did not suffice for.
        quarantined: events of the spill that Pub/Sub refuses for what they are.
        failed: names of the objects that cannot be replayed as they are; they are kept.
        unavailable: which service ended the replay early by not answering; empty for none.
    """

    objects: int = 0
    events: int = 0
    days: set[str] = field(default_factory=set)
    remaining: int = 0
    quarantined: int = 0
    failed: list[str] = field(default_factory=list)
    unavailable: str = ""


def day_of(message: Message) -> str:
    """Return the UTC day on which an event was received, as ISO 8601."""
    return parse_time(message.attributes.received_at).astimezone(UTC).date().isoformat()


Publish = Callable[[Sequence[Message]], Awaitable[list[int]]]
"""As `functions.google.topic.Publisher.publish`."""

Decode = Callable[[Stored, bytes], Awaitable[list[Message]]]
"""Makes messages of an object's content; raises NotReplayable where that cannot be."""


UNAVAILABLE: dict[type[Exception], str] = {
    BucketUnavailable: "bucket_unavailable",
    PartnersUnavailable: "partners_unavailable",
    PublishFailed: "publish_failed",
}
"""What ends a replay early, and how the report calls it."""


class NotReplayable(Exception):
    """An object cannot be replayed as it is; the message is a code that quotes nothing of it."""


class ReplayedObjects(Protocol):
    """The bucket's objects, as `functions.google.storage.Objects`."""

    async def find(self, prefix: str) -> list[Stored]:
        """Return the objects whose name starts so, in the order of their names."""

    async def read(self, stored: Stored) -> bytes | None:
        """Return the content; None where that version is gone."""

    async def delete(self, stored: Stored) -> None:
        """Delete that version."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects are replayed.

    Attributes:
        prefix: what their names start with.
        start: those written at or after it; None for no bound.
        end: those written before it; None for no bound.
        dry_run: only report what would be.
    """

    prefix: str
    start: datetime | None = None
    end: datetime | None = None
    dry_run: bool = False

    def selects(self, stored: Stored) -> bool:
        """Say whether an object was written within the bounds."""
        return (self.start is None or self.start <= stored.written_at) and (
            self.end is None or stored.written_at < self.end
        )


@dataclass(frozen=True, slots=True)
class Replay:
    """Replays a selection of objects.

    Args:
        objects: the bucket's.
        publish: publishes messages, and tells which are refused.
        decode: makes messages of an object.
        quarantine: takes events that Pub/Sub refuses for what they are.
        clock: seconds, monotonic.
        seconds: after this time no further object is begun.
    """

    objects: ReplayedObjects
    publish: Publish
    decode: Decode
    quarantine: Quarantine
    _: KW_ONLY
    clock: Callable[[], float]
    seconds: float

    async def run(self, selection: Selection) -> ReplayReport:
        """Replay what is selected, in the order of the names, several objects at a time."""
        ends_at = self.clock() + self.seconds
        report = ReplayReport()
        try:
            objects = await self.objects.find(selection.prefix)
        except BucketUnavailable as failure:
            _note(report, UNAVAILABLE[BucketUnavailable], failure)
            return report
        waiting = deque(filter(selection.selects, objects))

        async def work() -> None:
            while waiting and not report.unavailable and self.clock() < ends_at:
                stored = waiting.popleft()
                if not await self._handle(stored, report, dry_run=selection.dry_run):
                    waiting.append(stored)

        async with asyncio.TaskGroup() as workers:
            for _ in range(CONCURRENT_REQUESTS):
                workers.create_task(work())
        report.remaining = len(waiting)
        report.failed.sort()
        return report

    async def _handle(self, stored: Stored, report: ReplayReport, *, dry_run: bool) -> bool:
        """Replay one object; False where a service does not answer, so that it remains."""
        try:
            await self._replay(stored, report, dry_run=dry_run)
        except NotReplayable as refusal:
            _refuse(report, stored, str(refusal))
        except tuple(UNAVAILABLE) as failure:
            _note(report, UNAVAILABLE[type(failure)], failure)
            return False
        return True

    async def _replay(self, stored: Stored, report: ReplayReport, *, dry_run: bool) -> None:
        messages = await self._read(stored)
        if messages is None:
            return  # another replay was faster
        days = {day_of(message) for message in messages}
        if not dry_run:
            refused = await self.publish(messages)
            report.days |= days  # although the object may stay: its events are out
            await self._quarantine_refused(
                stored, [messages[position] for position in refused], report
            )
            await self.objects.delete(stored)
            report.events -= len(refused)
        report.days |= days
        report.objects += 1
        report.events += len(messages)

    async def _read(self, stored: Stored) -> list[Message] | None:
        """Return an object's messages; its content, half as large again, is not held with them."""
        content = await self.objects.read(stored)
        return None if content is None else await self.decode(stored, content)

    async def _quarantine_refused(
        self, stored: Stored, refused: list[Message], report: ReplayReport
    ) -> None:
        """Quarantine what Pub/Sub refuses of a spilled object: the others are not held up by it.

        Raises:
            NotReplayable: the object is in quarantine already.
        """
        if refused and not stored.name.startswith(spill.PREFIX):
            raise NotReplayable("not_publishable")
        for message in refused:
            attributes = message.attributes
            await self.quarantine.keep(
                reason="not_publishable",
                partner=attributes.partner,
                kind=attributes.kind,
                data=message.data,
                received_at=attributes.received_at,
                attributes=attributes.to_mapping(),
            )
            report.quarantined += 1


def _refuse(report: ReplayReport, stored: Stored, reason: str) -> None:
    report.failed.append(stored.name)
    log("ERROR", "object not replayed", object=stored.name, reason=reason)


def _note(report: ReplayReport, reason: str, failure: Exception) -> None:
    report.unavailable = reason
    log("WARNING", "replay ends early", reason=reason, error=str(failure))
