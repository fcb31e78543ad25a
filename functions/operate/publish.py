"""Publishes what is replayed, piece by piece: nobody waits for it in a hurry."""

from collections.abc import Sequence
from typing import Protocol

from functions.message import Message, pieces


class Topic(Protocol):
    """Takes messages: `functions.topic.Topic`."""

    async def publish(self, messages: Sequence[Message], within: float) -> None:
        """Publish messages within so many seconds, or raise PublishFailed or NotPublishable."""


class Publisher:
    """Publishes to one topic.

    Args:
        topic: takes the messages.
        deadline: seconds that one publish may take.
    """

    def __init__(self, topic: Topic, deadline: float) -> None:
        self._topic = topic
        self._deadline = deadline

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish the messages, in order; returns when all are durable.

        Raises:
            PublishFailed: not all of them are known to be durable.
            NotPublishable: some are refused for what they are.
        """
        for piece, _ in pieces(messages):
            await self._topic.publish(piece, self._deadline)
