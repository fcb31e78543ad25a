"""The events' topic: raw gRPC calls.

The generated clients cost a third of the throughput in prototypes and 0.1 s of a cold start
(docs/benchmarks.md).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol

import grpc
import grpc.aio

from functions.events.message import Message, pieces
from functions.google import publish_request
from functions.google.grpc_channel import routing_header

IDLE_SECONDS = 30.0
"""A connection that was quiet for longer is replaced before it is used.

An instance without requests is frozen, and may wake with a connection that is dead without knowing
it; a publish on one would wait for its whole deadline.
"""

ATTEMPTS = 2
"""A connection that the server closes meanwhile is UNAVAILABLE at once; a new one will do."""


class PublishFailed(Exception):
    """Pub/Sub did not take the events, or did not say so in time."""


class NotPublishable(Exception):
    """Pub/Sub refuses a message of the publish for what it is; it took none of them."""


class MessagePublisher(Protocol):
    """Takes messages, as `Topic` does."""

    async def publish(self, messages: Sequence[Message], within: float) -> None:
        """Publish messages within so many seconds, or raise PublishFailed or NotPublishable."""


async def publish_by_halves(
    publish: Callable[[Sequence[Message]], Awaitable[None]], messages: Sequence[Message]
) -> list[int]:
    """Publish messages; by halves where one is refused, so that it cannot spoil the others.

    Args:
        publish: publishes all or none of what it is given, as `Topic.publish` does.
        messages: at least one.

    Returns:
        The positions of those that are refused alone; all others are published.

    Raises:
        PublishFailed: of some it is not known whether they are published.
    """
    try:
        await publish(messages)
    except NotPublishable:
        if len(messages) == 1:
            return [0]
        middle = len(messages) // 2
        first = await publish_by_halves(publish, messages[:middle])
        second = await publish_by_halves(publish, messages[middle:])
        return first + [middle + position for position in second]
    return []


class Topic:
    """Publishes to one topic, on a connection that is replaced when it is in doubt.

    Args:
        open_channel: opens a channel to Pub/Sub.
        name: ``projects/p/topics/t``.
        clock: monotonic, seconds.
    """

    def __init__(
        self,
        open_channel: Callable[[], grpc.aio.Channel],
        name: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_channel = open_channel
        self._name = name
        self._metadata = routing_header("topic", name)
        self._clock = clock
        self._channel: grpc.aio.Channel | None = None
        self._call: Any = None
        self._used_at = clock()
        self._closing: set[asyncio.Task[None]] = set()

    async def publish(self, messages: Sequence[Message], within: float) -> None:
        """Publish messages, all or none; what fails may have been published all the same.

        Args:
            messages: within the limits of one publish.
            within: seconds that it may take.

        Raises:
            PublishFailed: it is not known to be published.
            NotPublishable: a message is refused for what it is.
        """
        request = publish_request.encode(self._name, messages)
        until = self._clock() + within
        for attempt in range(1, ATTEMPTS + 1):
            channel = self._connected(grace=within)
            try:
                remaining = max(until - self._clock(), 0.0)
                await self._call(request, timeout=remaining, metadata=self._metadata)
            except grpc.aio.AioRpcError as error:
                code = error.code()
                if code is grpc.StatusCode.INVALID_ARGUMENT:
                    raise NotPublishable from None
                self._disconnect(channel, grace=within)
                if code is not grpc.StatusCode.UNAVAILABLE or attempt == ATTEMPTS:
                    raise PublishFailed(code.name) from None
            else:
                return

    async def close(self) -> None:
        """Close the connection; publishes under way fail."""
        self._disconnect(self._channel, grace=None)
        await asyncio.gather(*self._closing)

    def _connected(self, grace: float) -> grpc.aio.Channel:
        now = self._clock()
        if now - self._used_at > IDLE_SECONDS:
            self._disconnect(self._channel, grace)
        self._used_at = now
        if self._channel is None:
            self._channel = self._open_channel()
            self._call = self._channel.unary_unary(
                "/google.pubsub.v1.Publisher/Publish",
                # Both sides stay bytes: the message ids of the answer are of no use here.
                request_serializer=None,
                response_deserializer=None,
            )
        return self._channel

    def _disconnect(self, channel: grpc.aio.Channel | None, grace: float | None) -> None:
        """Give a channel up, unless another publish did; others on it have their time to end."""
        if channel is None or channel is not self._channel:
            return
        self._channel = None
        closing = asyncio.get_running_loop().create_task(channel.close(grace))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


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
