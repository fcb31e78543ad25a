"""A fake that makes events durable in memory."""

from collections.abc import Awaitable, Sequence

from functions.events.message import Message
from functions.receive import durable
from functions.web.batching import QueueFull
from tests.fakes.hook import Hook, ignore


class Durable(durable.Durable):
    """Stands for `functions.receive.durable.Durable`.

    Attributes:
        messages: the messages that are durable.
        refused: the positions of the messages, in each request, whose form Pub/Sub refuses.
        failure: the error that each call raises; None if no call fails.
        before: called before messages are stored.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.refused: Sequence[int] = ()
        self.failure: Exception | None = None
        self.before: Hook = ignore

    def store(self, messages: Sequence[Message]) -> Awaitable[Sequence[int]]:
        if isinstance(self.failure, QueueFull):
            raise self.failure
        return self._store(messages)

    async def _store(self, messages: Sequence[Message]) -> Sequence[int]:
        self.before("store")
        if self.failure:
            raise self.failure
        self.messages += [
            message for place, message in enumerate(messages) if place not in self.refused
        ]
        return self.refused
