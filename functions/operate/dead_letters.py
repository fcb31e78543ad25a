"""Replays dead letters: messages that `load` or `privacy` could not handle in 100 attempts.

A replay pulls letters from the dead-letter subscription, publishes them to the topic of events, and
only then acknowledges them. Each message keeps its bytes and its ingest id. The replay drops the
attributes that Pub/Sub added, and computes the event's name again. A replay may be interrupted, and
several replays may run at the same time: if an event is published twice, the views show it once.
"""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

from functions.events.message import Message, message_again
from functions.google.lease import Lease
from functions.google.subscription import Letter, Subscription, SubscriptionUnavailable
from functions.google.topic import PublishFailed
from functions.observe.log import log
from functions.operate.replay import Publish, ReplayReport, day_of

LEASED_LETTERS = 50_000
"""A run ends when it has leased more letters than this without publishing them."""


class _Event(NamedTuple):
    letter: Letter
    message: Message


@dataclass(frozen=True, slots=True)
class DeadLetterReplay:
    """Replays all dead letters.

    Args:
        subscription: the dead-letter subscription. Its acknowledgement deadline must be longer than
            ``seconds``, so that no letter is pulled twice in one run.
        publish: publishes messages; returns the positions of those whose form Pub/Sub refuses.
        clock: returns monotonic seconds.
        seconds: the seconds after which the run ends.
        most: the run ends when it has leased more letters than this without publishing them.
    """

    subscription: Subscription
    publish: Publish
    _: KW_ONLY
    clock: Callable[[], float]
    seconds: float
    most: int = LEASED_LETTERS

    async def run(self, *, dry_run: bool) -> ReplayReport:
        """Replay the letters of the subscription.

        Pub/Sub does not report the number of letters, so a dry run leases letters batch by batch,
        counts them, and gives all of them back. It misses letters that another replay has leased.
        ``remaining`` in the report is the number of letters that the run leased, but neither
        published nor counted.

        Args:
            dry_run: whether to only report what would be replayed.
        """
        report = ReplayReport()
        async with Lease(self.subscription) as lease:
            try:
                await self._drain(report, lease, dry_run=dry_run)
            except SubscriptionUnavailable as failure:
                _note(report, "subscription_unavailable", failure)
            except PublishFailed as failure:
                _note(report, "publish_failed", failure)
        return report

    async def _drain(self, report: ReplayReport, lease: Lease, *, dry_run: bool) -> None:
        ends_at = self.clock() + self.seconds
        async for letters in lease:
            if self.clock() >= ends_at or len(lease) > self.most:
                report.remaining += len(letters)
                return
            events = _open(letters, report)
            if dry_run:
                _count(events, report)
            else:
                await self._replay(events, report, lease)

    async def _replay(self, events: list[_Event], report: ReplayReport, lease: Lease) -> None:
        try:
            refused = set(await self.publish([event.message for event in events]))
        except PublishFailed:
            report.remaining += len(events)
            raise
        good = [event for position, event in enumerate(events) if position not in refused]
        for position in sorted(refused):
            _refuse(events[position].letter, report, "not_publishable")
        _count(good, report)  # these events are published, even if acknowledging fails
        if good:
            letters = [event.letter for event in good]
            lease.drop(letters)  # do not give back published letters if acknowledging fails
            await self.subscription.acknowledge(letters)


def _open(letters: Sequence[Letter], report: ReplayReport) -> list[_Event]:
    """Return the letters that can be replayed. Report the others, which stay dead letters."""
    events = []
    for letter in letters:
        try:
            message = message_again(letter.data, letter.attributes)
        except ValueError:
            _refuse(letter, report, "malformed")
        else:
            events.append(_Event(letter, message))
    return events


def _count(events: Sequence[_Event], report: ReplayReport) -> None:
    report.events += len(events)
    report.days.update(day_of(event.message) for event in events)


def _refuse(letter: Letter, report: ReplayReport, reason: str) -> None:
    log("ERROR", "dead letter not replayed", message_id=letter.message_id, reason=reason)
    report.failed.append(letter.message_id)


def _note(report: ReplayReport, reason: str, failure: Exception) -> None:
    report.unavailable = reason
    log("WARNING", "replay ends early", reason=reason, error=str(failure))
