"""Replays dead letters: events that `load` could not store at any of Pub/Sub's attempts.

They are pulled from the dead-letter subscription and published to the events' topic, with the
bytes, attributes and ingest ids that they had; a letter is acknowledged only after that. So
whatever interrupts a replay, and however many run at a time, each event is still shown once.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from functions.events.envelope import parse_time
from functions.log import log
from functions.operate.publish import Message, PublishFailed, PublishRefused
from functions.operate.replay import Publish, Report
from functions.operate.subscription import Letter, SubscriptionUnavailable

ADDED = "CloudPubSubDeadLetterSource"
"""What the names of the attributes begin with that Pub/Sub adds to a dead letter
(https://cloud.google.com/pubsub/docs/handling-failures); they are not the event's."""

EMPTY_PULLS = 2
"""So many pulls in a row find nothing where nothing is left: one alone may find nothing by chance,
as Pub/Sub's documentation of pull says."""


class Subscription(Protocol):
    """The dead-letter subscription, as `functions.operate.subscription.Subscription`."""

    async def pull(self) -> list[Letter]:
        """Lease messages that nobody else has."""

    async def acknowledge(self, letters: Sequence[Letter]) -> None:
        """Have messages forgotten."""

    async def give_back(self, letters: Sequence[Letter]) -> None:
        """Let messages be pulled again at once."""


class DeadLetters:
    """Replays all dead letters.

    Args:
        subscription: that keeps them. Its acknowledgement deadline is longer than ``seconds``, so
            that no letter comes twice in one run.
        publish: publishes messages; returns when they are durable.
        clock: seconds, monotonic.
        seconds: after this time no further letters are pulled.
    """

    def __init__(
        self,
        subscription: Subscription,
        publish: Publish,
        *,
        clock: Callable[[], float],
        seconds: float,
    ) -> None:
        self._subscription = subscription
        self._publish = publish
        self._clock = clock
        self._seconds = seconds

    async def run(self, *, dry_run: bool) -> Report:
        """Replay what the subscription has.

        The service does not tell how many letters there are. So a dry run leases them, one batch
        after the other, counts, and gives all back: it sees what no other replay has, as far as
        the time suffices. ``remaining`` in the report is how many were seen and are left.

        Args:
            dry_run: only report what would be replayed.
        """
        report = Report()
        kept: list[Letter] = []
        try:
            await self._drain(report, kept, dry_run=dry_run)
        except SubscriptionUnavailable as failure:
            _note(report, "subscription_unavailable", failure)
        except PublishFailed as failure:
            _note(report, "publish_failed", failure)
        with suppress(SubscriptionUnavailable):  # then they come back by themselves
            await self._subscription.give_back(kept)
        return report

    async def _drain(self, report: Report, kept: list[Letter], *, dry_run: bool) -> None:
        ends_at = self._clock() + self._seconds
        empty = 0
        while empty < EMPTY_PULLS:
            letters = await self._subscription.pull()
            empty = 0 if letters else empty + 1
            if self._clock() >= ends_at:
                report.remaining += len(letters)
                kept += letters
                return
            if dry_run:
                _count(letters, report)
                kept += letters
            else:
                await self._replay(letters, report, kept)

    async def _replay(self, letters: list[Letter], report: Report, kept: list[Letter]) -> None:
        try:
            good = await self._publish_each(letters, report, kept)
        except PublishFailed:
            report.remaining += len(letters)
            kept += letters
            raise
        if good:
            await self._subscription.acknowledge(good)

    async def _publish_each(
        self, letters: list[Letter], report: Report, kept: list[Letter]
    ) -> list[Letter]:
        """Publish letters, and return those that Pub/Sub took; one that it refuses costs no other.

        Raises:
            PublishFailed: not all are known to be published.
        """
        if not letters:
            return []
        try:
            await self._publish([_event(letter) for letter in letters])
        except PublishRefused as refusal:
            if len(letters) == 1:
                _refuse(letters[0], report, str(refusal))
                kept += letters
                return []
            middle = len(letters) // 2
            first = await self._publish_each(letters[:middle], report, kept)
            return first + await self._publish_each(letters[middle:], report, kept)
        _count(letters, report)  # although they may come again: their events are out
        return letters


def _event(letter: Letter) -> Message:
    """Return the message as it was before it became a dead letter."""
    attributes = letter.message.attributes.items()
    own = {name: value for name, value in attributes if not name.startswith(ADDED)}
    return Message(letter.message.data, own)


def _count(letters: Sequence[Letter], report: Report) -> None:
    report.events += len(letters)
    for letter in letters:
        with suppress(ValueError):  # no event of ours; the loader puts it into quarantine
            at = parse_time(letter.message.attributes.get("received_at", ""))
            report.days.add(at.date().isoformat())


def _refuse(letter: Letter, report: Report, reason: str) -> None:
    log("ERROR", "dead letter not replayed", message_id=letter.message_id, reason=reason)
    report.failed.append(letter.message_id)


def _note(report: Report, reason: str, failure: Exception) -> None:
    report.unavailable = reason
    log("WARNING", "replay ends early", reason=reason, error=str(failure))
