"""Removes erased people from dead letters, by replacing the letters that mention these people.

A letter is acknowledged only after its replacement is published. An unreadable letter is
acknowledged only after it is in quarantine. All other letters are given back at the end.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from functions.events.attributes import Attributes
from functions.events.body import BadMessage
from functions.events.message import Message
from functions.google.lease import Lease
from functions.google.subscription import Letter, Subscription
from functions.google.topic import PublishFailed
from functions.observe.log import log
from functions.privacy.deadline import OutOfTime
from functions.privacy.erasures.execution import Counts
from functions.privacy.erasures.redaction import QUARANTINED_AS_UNREADABLE, Redaction, Taken
from functions.privacy.erasures.scope import Scopes
from functions.retained import quarantine

Publish = Callable[[Sequence[Message]], Awaitable[list[int]]]
"""Publishes messages, and returns the indexes of the refused ones. The implementation is
`functions.google.topic.Publisher.publish`."""

Keep = Callable[[str, bytes], Awaitable[object]]
"""Writes an object, given its name and content, unless an object with this name exists."""


@dataclass(frozen=True, slots=True)
class DeadLetterRewriter:
    """Rewrites dead letters.

    Args:
        subscription: the subscription with the dead letters. Its acknowledgement deadline must be
            longer than a call of `rewrite` takes.
        publish: publishes to the dead-letter topic.
        keep: writes unreadable letters to quarantine.
        redaction: makes an object that removes the people in the given scopes from events.
        now: returns the current time (timezone-aware).
    """

    subscription: Subscription
    publish: Publish
    keep: Keep
    redaction: Callable[[Scopes], Redaction]
    now: Callable[[], datetime]

    async def rewrite(
        self, scopes: Scopes, counts: Counts, out_of_time: Callable[[], bool]
    ) -> None:
        """Remove people in scope from all dead letters.

        Args:
            scopes: the scopes of all erasures.
            counts: the numbers of changed letters are added here.
            out_of_time: returns whether to stop.

        Raises:
            SubscriptionUnavailable: Pub/Sub did not answer.
            PublishFailed: Pub/Sub did not accept the replacement of a letter.
            BucketUnavailable: an unreadable letter could not be quarantined.
            OutOfTime: there was no time to pull all letters.
        """
        redaction = self.redaction(scopes)
        async with Lease(self.subscription, out_of_time) as lease:
            async for letters in lease:
                await self._rewrite(letters, redaction, counts, lease)
            if not lease.is_complete:
                raise OutOfTime

    async def _rewrite(
        self, letters: Sequence[Letter], redaction: Redaction, counts: Counts, lease: Lease
    ) -> None:
        """Remove people from the letters of one pull. Letters that do not change stay leased."""
        replaced: list[_Replaced] = []
        unreadable: list[_Unreadable] = []
        for letter in letters:
            try:
                replacement = self._redact(letter, redaction)
            except BadMessage as bad:
                unreadable.append(_Unreadable(letter, bad.reason))
                continue
            if replacement is not None:
                replaced.append(replacement)
        if replaced:
            await self._replace(replaced, counts, lease)
        if unreadable:
            await self._quarantine(unreadable, counts, lease)

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
                # The letter is dropped: its attributes are invalid, so no replay could store it.
                log("WARNING", "dead letter dropped", message_id=letter.message_id)
        return _Replaced(letter, message, redacted.taken)

    async def _replace(self, replaced: Sequence["_Replaced"], counts: Counts, lease: Lease) -> None:
        messages = [item.message for item in replaced if item.message is not None]
        refused = await self.publish(messages) if messages else []
        if refused:
            raise PublishFailed("refused")
        await lease.acknowledge([item.letter for item in replaced])
        for item in replaced:
            _count(item.taken, counts)

    async def _quarantine(
        self, unreadable: Sequence["_Unreadable"], counts: Counts, lease: Lease
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
        await lease.acknowledge([letter for letter, _ in unreadable])
        _count(QUARANTINED_AS_UNREADABLE * len(unreadable), counts)


def _count(taken: Taken, counts: Counts) -> None:
    counts.update((erasure_id, f"dead_letters_{what}") for erasure_id, what in taken)


class _Replaced(NamedTuple):
    """A letter, its replacement (None if the letter is only deleted), and what was changed."""

    letter: Letter
    message: Message | None
    taken: Taken


class _Unreadable(NamedTuple):
    """An unreadable letter, and the reason code for its quarantine."""

    letter: Letter
    reason: str
