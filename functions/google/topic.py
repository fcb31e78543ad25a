"""Publishes to the topic of events with raw gRPC calls.

Google's generated clients are slower: in prototypes, the throughput was a third lower, and a cold
start took 0.1 s longer (docs/benchmarks.md).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
import grpc.aio

from functions.events.message import Message, pieces
from functions.google import publish_request
from functions.google.access_token import AccessToken, Metadata, NoAccess
from functions.google.grpc_channel import routing_header

IDLE_SECONDS = 30.0
"""A connection that was idle for this many seconds is replaced before the next publish.

Cloud Run freezes an instance without requests. When the instance wakes, a connection may be dead
without any sign, and a publish on it would wait until its time limit.
"""

ATTEMPTS = 2
"""The maximum number of attempts to publish. If the server has closed the connection, the first
attempt fails at once with UNAVAILABLE, and the second attempt uses a new connection."""


class PublishFailed(Exception):
    """Pub/Sub did not take the events, or did not answer in time."""


class NotPublishable(Exception):
    """Pub/Sub refuses the form of at least one message, so it took no message of the publish."""


async def publish_by_halves(
    publish: Callable[[Sequence[Message]], Awaitable[None]], messages: Sequence[Message]
) -> list[int]:
    """Publish messages; find those whose form Pub/Sub refuses.

    If Pub/Sub refuses a publish, each half of the messages is published separately.

    Args:
        publish: publishes all of the given messages or none, like `Topic.publish`.
        messages: at least one message.

    Returns:
        The positions of the messages whose form Pub/Sub refuses; all others are published.

    Raises:
        PublishFailed: it is unknown which messages are published.
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
    """Publishes to one topic, and replaces the connection if it may be dead.

    Args:
        open_channel: opens a channel to Pub/Sub.
        name: the topic's full name, ``projects/p/topics/t``.
        clock: returns monotonic seconds.
        token: authorises calls; None if the channel does so, or needs no authorisation.
    """

    def __init__(
        self,
        open_channel: Callable[[], grpc.aio.Channel],
        name: str,
        clock: Callable[[], float] = time.monotonic,
        *,
        token: AccessToken | None = None,
    ) -> None:
        self._token = token
        self._open_channel = open_channel
        self._name = name
        self._metadata = routing_header("topic", name)
        self._clock = clock
        self._channel: grpc.aio.Channel | None = None
        self._call: Any = None
        self._used_at = clock()
        self._closing: set[asyncio.Task[None]] = set()

    async def publish(self, messages: Sequence[Message], within: float) -> None:
        """Publish messages: all of them or none.

        Args:
            messages: the messages, which must fit into one publish.
            within: the time limit in seconds.

        Raises:
            PublishFailed: the publish failed; the messages may have been published nevertheless.
            NotPublishable: Pub/Sub refuses the form of at least one message, and took none.
        """
        request = publish_request.encode(self._name, messages)
        until = self._clock() + within
        metadata = await self._authorized(within)
        for attempt in range(1, ATTEMPTS + 1):
            channel = self._connected(grace=within)
            try:
                remaining = max(until - self._clock(), 0.0)
                await self._call(request, timeout=remaining, metadata=metadata)
            except grpc.aio.AioRpcError as error:
                code = error.code()
                if code is grpc.StatusCode.INVALID_ARGUMENT:
                    raise NotPublishable from None
                self._disconnect(channel, grace=within)
                if code is not grpc.StatusCode.UNAVAILABLE or attempt == ATTEMPTS:
                    raise PublishFailed(code.name) from None
            else:
                return

    async def _authorized(self, within: float) -> Metadata:
        """Return the metadata of a call."""
        if self._token is None:
            return self._metadata
        authorizing = self._token.at_hand()
        if authorizing is None:
            try:
                async with asyncio.timeout(within):
                    authorizing = await self._token.metadata()
            except (NoAccess, TimeoutError):
                raise PublishFailed("no_token") from None
        return self._metadata + authorizing

    async def close(self) -> None:
        """Close the connection; publishes in progress fail."""
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
                # Request and response stay bytes; the message ids of the response are not used.
                request_serializer=None,
                response_deserializer=None,
            )
        return self._channel

    def _disconnect(self, channel: grpc.aio.Channel | None, grace: float | None) -> None:
        """Close a channel, unless another one has replaced it already.

        Other publishes on the channel have `grace` seconds to finish. If `grace` is None, they end
        at once.
        """
        if channel is None or channel is not self._channel:
            return
        self._channel = None
        closing = asyncio.get_running_loop().create_task(channel.close(grace))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes any number of messages to one topic.

    Args:
        topic: publishes the messages.
        deadline: the time limit of one publish in seconds.
    """

    topic: Topic
    deadline: float

    async def publish(self, messages: Sequence[Message]) -> list[int]:
        """Publish messages in order; return when each message is either durable or refused.

        Returns:
            The positions of the messages whose form Pub/Sub refuses.

        Raises:
            PublishFailed: it is unknown which messages are durable.
        """
        refused: list[int] = []
        start = 0
        for piece, _ in pieces(messages):
            of_piece = await publish_by_halves(
                partial(self.topic.publish, within=self.deadline), piece
            )
            refused += [start + position for position in of_piece]
            start += len(piece)
        return refused
