"""Replays dead letters: events that `load` could not store in all of Pub/Sub's attempts.

A replay pulls letters from the dead-letter subscription, publishes them to the topic of events, and
only then acknowledges them. It keeps their bytes, attributes and ingest ids, leaves out what
Pub/Sub adds to a dead letter, and computes the event's name again. A replay may be interrupted, and
several may run at a time: the views still show each event once.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

from functions.events.message import Message, message_again
from functions.google.protocols import Subscription
from functions.google.subscription import EMPTY_PULLS, Letter, SubscriptionUnavailable
from functions.google.topic import PublishFailed
from functions.observe.log import log
from functions.operate.replay import Publish, ReplayReport, day_of

LEASED_LETTERS = 50_000
"""The maximum number of letters that one run leases until its end."""


class _Event(NamedTuple):
    letter: Letter
    message: Message


@dataclass(frozen=True, slots=True)
class DeadLetterReplay:
    """Replays all dead letters.

    Args:
        subscription: the dead-letter subscription. Its acknowledgement deadline must be longer than
            ``seconds``, so that no letter comes twice in one run.
        publish: publishes messages; returns the positions of the refused ones.
        clock: returns monotonic seconds.
        seconds: the seconds after which the run pulls no more letters.
        most: the maximum number of letters that one run leases until its end.
    """

    subscription: Subscription
    publish: Publish
    _: KW_ONLY
    clock: Callable[[], float]
    seconds: float
    most: int = LEASED_LETTERS

    async def run(self, *, dry_run: bool) -> ReplayReport:
        """Replay the letters of the subscription.

        Pub/Sub does not report the number of letters. So a dry run leases them batch by batch,
        counts them, and gives all of them back. It misses letters that another replay has leased,
        and stops at the time limit or at `most` letters. ``remaining`` in the report is the number
        of letters that were pulled but not replayed or counted.

        Args:
            dry_run: whether to only report what would be replayed.
        """
        report = ReplayReport()
        leased: list[Letter] = []
        try:
            await self._drain(report, leased, dry_run=dry_run)
        except SubscriptionUnavailable as failure:
            _note(report, "subscription_unavailable", failure)
        except PublishFailed as failure:
            _note(report, "publish_failed", failure)
        with suppress(SubscriptionUnavailable):  # then the leases end at their deadline
            await self.subscription.give_back(leased)
        return report

    async def _drain(self, report: ReplayReport, leased: list[Letter], *, dry_run: bool) -> None:
        ends_at = self.clock() + self.seconds
        empty = 0
        while empty < EMPTY_PULLS:
            letters = await self.subscription.pull()
            empty = 0 if letters else empty + 1
            if self.clock() >= ends_at or len(leased) + len(letters) > self.most:
                report.remaining += len(letters)
                leased += map(_light, letters)
                return
            events = _open(letters, report, leased)
            if dry_run:
                _count(events, report)
                leased += (_light(event.letter) for event in events)
            else:
                await self._replay(events, report, leased)

    async def _replay(
        self, events: list[_Event], report: ReplayReport, leased: list[Letter]
    ) -> None:
        try:
            refused = set(await self.publish([event.message for event in events]))
        except PublishFailed:
            report.remaining += len(events)
            leased += (_light(event.letter) for event in events)
            raise
        good = [event for position, event in enumerate(events) if position not in refused]
        for position in sorted(refused):
            _refuse(events[position].letter, report, leased, "not_publishable")
        _count(good, report)  # published, even if the acknowledgement fails
        if good:
            await self.subscription.acknowledge([event.letter for event in good])


def _open(letters: Sequence[Letter], report: ReplayReport, leased: list[Letter]) -> list[_Event]:
    """Return the letters that are events; report the others, and leave them in the subscription."""
    events = []
    for letter in letters:
        try:
            message = message_again(letter.data, letter.attributes)
        except ValueError:
            _refuse(letter, report, leased, "malformed")
        else:
            events.append(_Event(letter, message))
    return events


def _count(events: Sequence[_Event], report: ReplayReport) -> None:
    report.events += len(events)
    report.days.update(day_of(event.message) for event in events)


def _refuse(letter: Letter, report: ReplayReport, leased: list[Letter], reason: str) -> None:
    log("ERROR", "dead letter not replayed", message_id=letter.message_id, reason=reason)
    report.failed.append(letter.message_id)
    leased.append(_light(letter))


def _light(letter: Letter) -> Letter:
    """Return a letter without its content, to save memory while it stays leased."""
    return letter._replace(data=b"", attributes={})


def _note(report: ReplayReport, reason: str, failure: Exception) -> None:
    report.unavailable = reason
    log("WARNING", "replay ends early", reason=reason, error=str(failure))
