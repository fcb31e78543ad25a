"""A topic of Pub/Sub, in memory."""

import asyncio
from collections.abc import Sequence

from functions.events.message import Message
from functions.google import topic
from functions.google.topic import NotPublishable, PublishFailed
from tests.fakes.hook import Hook, ignore
from tests.fakes.letters import Letters


class Topic(topic.Topic):
    """Stands for `functions.google.topic.Topic`: takes all messages of a publish, or none.

    Args:
        feeds: the letters that get the published messages; None if no test needs them.

    Attributes:
        publishes: the messages of each successful publish.
        limits: the time limit of each publish, successful or not, in seconds.
        refused: the ingest ids of the messages whose form Pub/Sub refuses.
        failure: the gRPC code with which each publish fails; empty if none fails.
        hangs: whether no publish is answered within its time limit.
        before: called before each publish.
        after: called after each successful publish.
    """

    def __init__(self, feeds: Letters | None = None) -> None:
        self._feeds = feeds
        self.publishes: list[list[Message]] = []
        self.limits: list[float] = []
        self.refused: set[str] = set()
        self.failure = ""
        self.hangs = False
        self.before: Hook = ignore
        self.after: Hook = ignore

    async def publish(self, messages: Sequence[Message], within: float) -> None:
        self.limits.append(within)
        self.before("publish")
        if self.hangs:
            await asyncio.sleep(within)
            raise PublishFailed("DEADLINE_EXCEEDED")
        if self.failure:
            raise PublishFailed(self.failure)
        if any(message.attributes.ingest_id in self.refused for message in messages):
            raise NotPublishable
        self.publishes.append([*messages])
        if self._feeds is not None:
            self._feeds.put(*messages)
        self.after("publish")

    @property
    def messages(self) -> list[Message]:
        return [message for messages in self.publishes for message in messages]

    @property
    def ids(self) -> list[str]:
        return [message.attributes.ingest_id for message in self.messages]
