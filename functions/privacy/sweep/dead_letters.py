"""The dead letters' part of a sweep: letters are replaced by others without the people.

A letter is acknowledged after what replaces it is published, or is in quarantine where nobody can
read it. Letters of others are leased for as long as it takes to see all, and then given back.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from functions.events.attributes import Attributes
from functions.events.body import BadMessage
from functions.events.message import Message
from functions.google.protocols import Subscription
from functions.google.subscription import EMPTY_PULLS, Letter, SubscriptionUnavailable
from functions.google.topic import PublishFailed
from functions.observe.log import log
from functions.privacy.deadline import OutOfTime
from functions.privacy.erasures.execution import Counts
from functions.privacy.erasures.redaction import QUARANTINED_AS_UNREADABLE, Redaction, Taken
from functions.privacy.erasures.scope import Scopes
from functions.retained import quarantine

Publish = Callable[[Sequence[Message]], Awaitable[list[int]]]
"""As `functions.google.topic.Publisher.publish`."""

Keep = Callable[[str, bytes], Awaitable[object]]
"""Writes an object of this name and content, unless it is there."""


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Rewrites dead letters.

    Args:
        subscription: that keeps them. Its acknowledgement deadline is longer than a sweep, so that
            no letter of others comes twice in one.
        publish: publishes to the dead-letter topic, and tells which messages are refused.
        keep: takes letters that nobody can read.
        redaction: makes what takes people out, for what is covered.
        now: the clock, with an offset.
    """

    subscription: Subscription
    publish: Publish
    keep: Keep
    redaction: Callable[[Scopes], Redaction]
    now: Callable[[], datetime]

    async def rewrite(
        self, scopes: Scopes, counts: Counts, out_of_time: Callable[[], bool]
    ) -> None:
        """Take out what is covered; count it by erasure.

        Raises:
            SubscriptionUnavailable: Pub/Sub did not answer.
            PublishFailed: it did not take what replaces a letter.
            BucketUnavailable: quarantine did not take what nobody can read.
            OutOfTime: not all letters were looked at.
        """
        redaction = self.redaction(scopes)
        leased: list[Letter] = []
        try:
            await self._drain(redaction, counts, leased, out_of_time)
        finally:
            with suppress(SubscriptionUnavailable):  # then they come back by themselves
                await self.subscription.give_back(leased)

    async def _drain(
        self,
        redaction: Redaction,
        counts: Counts,
        leased: list[Letter],
        out_of_time: Callable[[], bool],
    ) -> None:
        empty = 0
        while empty < EMPTY_PULLS:
            if out_of_time():
                raise OutOfTime
            letters = await self.subscription.pull()
            empty = 0 if letters else empty + 1
            replaced: list[_Replaced] = []
            unreadable: list[_Unreadable] = []
            for letter in letters:
                try:
                    replacement = self._redact(letter, redaction)
                except BadMessage as bad:
                    unreadable.append(_Unreadable(letter, bad.reason))
                    continue
                if replacement is None:
                    leased.append(letter)
                else:
                    replaced.append(replacement)
            leased += (letter for letter, _ in unreadable)  # until they are in quarantine
            if replaced:
                await self._replace(replaced, counts, leased)
            if unreadable:
                await self._quarantine(unreadable, counts, leased)

    def _redact(self, letter: Letter, redaction: Redaction) -> "_Replaced | None":
        result = redaction.apply_to(letter.data, letter.attributes, self.now())
        if result is None:
            return None
        redacted, attributes = result
        message = None
        if redacted.data is not None:
            try:
                message = Message(redacted.data, Attributes.from_mapping(attributes))
            except ValueError:
                # It could not be stored, however often it were replayed.
                log("WARNING", "dead letter dropped", message_id=letter.message_id)
        return _Replaced(letter, message, redacted.taken)

    async def _replace(
        self, replaced: Sequence["_Replaced"], counts: Counts, leased: list[Letter]
    ) -> None:
        letters = [item.letter for item in replaced]
        leased += letters  # until they are replaced
        messages = [item.message for item in replaced if item.message is not None]
        refused = await self.publish(messages) if messages else []
        if refused:
            raise PublishFailed("refused")
        await self._forget(letters, leased)
        for item in replaced:
            _count(item.taken, counts)

    async def _quarantine(
        self, unreadable: Sequence["_Unreadable"], counts: Counts, leased: list[Letter]
    ) -> None:
        for letter, reason in unreadable:
            await self.keep(
                *quarantine.of_message(
                    reason,
                    letter.data,
                    letter.attributes,
                    known_at=self.now(),
                    source=letter.message_id,
                )
            )
        await self._forget([letter for letter, _ in unreadable], leased)
        _count(QUARANTINED_AS_UNREADABLE * len(unreadable), counts)

    async def _forget(self, letters: Sequence[Letter], leased: list[Letter]) -> None:
        """Acknowledge letters, which are the last of those that are leased."""
        await self.subscription.acknowledge(letters)
        del leased[-len(letters) :]


def _count(taken: Taken, counts: Counts) -> None:
    counts.update((erasure_id, f"dead_letters_{what}") for erasure_id, what in taken)


class _Replaced(NamedTuple):
    """A letter that goes, what replaces it (None for nothing), and what was done to its event."""

    letter: Letter
    message: Message | None
    taken: Taken


class _Unreadable(NamedTuple):
    """A letter that nobody can read, and why."""

    letter: Letter
    reason: str
