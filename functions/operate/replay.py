"""Replays spilled and quarantined objects: publishes an object's events, then deletes the object.

A replay may be interrupted, and several replays may run at the same time. If an event is published
twice, both messages have the same ingest id, so the views show the event once.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from functions.acceptance.partners import PartnersUnavailable
from functions.events.attributes import parse_time
from functions.events.message import Message
from functions.google.storage import CONCURRENT_REQUESTS, BucketUnavailable, CloudStorage, Stored
from functions.google.topic import PublishFailed
from functions.observe.log import log
from functions.retained import spill
from functions.retained.quarantine import Quarantine


@dataclass(slots=True)
class ReplayReport:
    """The result of a replay or, for a dry run, the result that a replay would have.

    Attributes:
        objects: the number of objects that were replayed and deleted; 0 for dead letters.
        events: the number of published events.
        days: the UTC days on which these events were received. The next nightly jobs settle and
            refresh these days.
        remaining: the number of objects or dead letters that were still waiting when the replay
            ended.
        quarantined: the number of spilled events that were quarantined because Pub/Sub refuses
            their form.
        failed: the objects (by name) or dead letters (by message id) that have an error. They were
            replayed in part or not at all, and are kept.
        unavailable: the code of the error that ended the replay early; empty if there was none.
    """

    objects: int = 0
    events: int = 0
    days: set[str] = field(default_factory=set)
    remaining: int = 0
    quarantined: int = 0
    failed: list[str] = field(default_factory=list)
    unavailable: str = ""


def day_of(message: Message) -> str:
    """Return the UTC day on which a message's event was received, such as ``2026-11-30``."""
    return parse_time(message.attributes.received_at).astimezone(UTC).date().isoformat()


Publish = Callable[[Sequence[Message]], Awaitable[list[int]]]
"""Publishes messages; returns the positions of those whose form Pub/Sub refuses. Raises
PublishFailed."""


class Decoded(NamedTuple):
    """What an object contains.

    Attributes:
        messages: the messages to publish.
        refused: why other events of the object are still refused; empty if none are refused. An
            object with refused events stays, and its messages have the same ingest ids in each
            replay.
    """

    messages: list[Message]
    refused: str = ""


Decode = Callable[[Stored, bytes], Awaitable[Decoded]]
"""Takes an object and its content; returns what the object contains. Raises NotReplayable, or
PartnersUnavailable."""


UNAVAILABLE: dict[type[Exception], str] = {
    BucketUnavailable: "bucket_unavailable",
    PartnersUnavailable: "partners_unavailable",
    PublishFailed: "publish_failed",
}
"""The errors that end a replay of objects early, with their codes in the report."""


class NotReplayable(Exception):
    """An object cannot be replayed; the exception's message is a reason code."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Says which objects to replay.

    Attributes:
        prefix: the prefix of the objects' names.
        start: replay only objects that were written at this time or later; None for no limit.
        end: replay only objects that were written before this time; None for no limit.
        dry_run: whether to only report what would be replayed.
    """

    prefix: str
    start: datetime | None = None
    end: datetime | None = None
    dry_run: bool = False

    def selects(self, stored: Stored) -> bool:
        """Return whether an object was written from `start` on and before `end`."""
        return (self.start is None or self.start <= stored.written_at) and (
            self.end is None or stored.written_at < self.end
        )


@dataclass(frozen=True, slots=True)
class Replay:
    """Replays a selection of objects.

    Args:
        objects: reads and deletes the bucket's objects.
        publish: publishes messages; returns the positions of those whose form Pub/Sub refuses.
        decode: decodes an object to messages.
        quarantine: stores spilled events whose form Pub/Sub refuses.
        clock: returns monotonic seconds.
        seconds: the seconds after which no further object is replayed.
    """

    objects: CloudStorage
    publish: Publish
    decode: Decode
    quarantine: Quarantine
    _: KW_ONLY
    clock: Callable[[], float]
    seconds: float

    async def run(self, selection: Selection) -> ReplayReport:
        """Replay the selected objects in the order of their names, several at a time."""
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
        """Replay one object; return False if a service failed, so that the object has to wait."""
        try:
            await self._replay(stored, report, dry_run=dry_run)
        except NotReplayable as refusal:
            _refuse(report, stored, str(refusal))
        except tuple(UNAVAILABLE) as failure:
            _note(report, UNAVAILABLE[type(failure)], failure)
            return False
        return True

    async def _replay(self, stored: Stored, report: ReplayReport, *, dry_run: bool) -> None:
        decoded = await self._read(stored)
        if decoded is None:
            return  # another replay has deleted the object
        messages = decoded.messages
        days = {day_of(message) for message in messages}
        if not dry_run:
            refused = await self.publish(messages)
            report.days |= days  # the events are published, even if the object stays
            await self._quarantine_refused(
                stored, [messages[position] for position in refused], report
            )
            if not decoded.refused:
                await self.objects.delete(stored)
            report.events -= len(refused)
        report.days |= days
        report.events += len(messages)
        if decoded.refused:
            raise NotReplayable(decoded.refused)
        report.objects += 1

    async def _read(self, stored: Stored) -> Decoded | None:
        """Return what an object contains; None if the object no longer exists.

        The object's content is used only in this method, so it does not stay in memory.
        """
        content = await self.objects.read(stored)
        return None if content is None else await self.decode(stored, content)

    async def _quarantine_refused(
        self, stored: Stored, refused: list[Message], report: ReplayReport
    ) -> None:
        """Quarantine events whose form Pub/Sub refuses, so that their object can be deleted.

        Raises:
            NotReplayable: Pub/Sub refuses an event whose object is in quarantine already.
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
