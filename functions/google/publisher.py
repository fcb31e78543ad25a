"""Publishes what is replayed, piece by piece: nobody waits for it in a hurry."""

from collections.abc import Sequence
from functools import partial

from functions.events.message import Message, pieces
from functions.google.topic import MessagePublisher, publish_by_halves


class Publisher:
    """Publishes to one topic.

    Args:
        topic: takes the messages.
        deadline: seconds that one publish may take.
    """

    def __init__(self, topic: MessagePublisher, deadline: float) -> None:
        self._topic = topic
        self._deadline = deadline

    async def publish(self, messages: Sequence[Message]) -> list[int]:
        """Publish the messages, in order; returns when all that can be are durable.

        Returns:
            The positions of those that Pub/Sub refuses for what they are.

        Raises:
            PublishFailed: not all of the others are known to be durable.
        """
        refused: list[int] = []
        start = 0
        for piece, _ in pieces(messages):
            of_piece = await publish_by_halves(
                partial(self._topic.publish, within=self._deadline), piece
            )
            refused += [start + position for position in of_piece]
            start += len(piece)
        return refused
