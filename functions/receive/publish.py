"""Publishes events: raw gRPC calls, batched over concurrent requests.

The generated clients cost two thirds of the throughput and 0.1 s of a cold start
(docs/benchmarks.md), so the two messages that are needed are declared here.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import grpc
import grpc.aio
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from functions.batching import Batcher
from functions.grpc_channel import routing_header

PUBLISH_MESSAGES = 1_000
"""The most messages that Pub/Sub takes in one request."""

PUBLISH_BYTES = 9_000_000
"""The most bytes put into one request; Pub/Sub's limit is 10 MB (10,000,000 bytes)."""

MESSAGE_OVERHEAD_BYTES = 400
"""An allowance for a message's attributes beside the event's name, and for framing."""

PUBLISHES_IN_FLIGHT = 8


class PublishFailed(Exception):
    """Pub/Sub did not take the events, or did not say so in time."""


class Message(NamedTuple):
    """An event on its way: the sender's bytes, and what Pub/Sub may know of it."""

    data: bytes
    attributes: dict[str, str]

    @property
    def size(self) -> int:
        """Bytes that it adds to a request, at most."""
        return len(self.data) + len(self.attributes.get("event", "")) * 4 + MESSAGE_OVERHEAD_BYTES


def _declare() -> tuple[type[Any], type[Any]]:
    """Declare the fields in use of ``google.pubsub.v1``'s messages, by their field numbers."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="functions/receive/publish.proto", package="receive", syntax="proto3"
    )
    message = file.message_type.add(name="PubsubMessage")
    message.field.add(name="data", number=1, type=field.TYPE_BYTES, label=field.LABEL_OPTIONAL)
    message.field.add(
        name="attributes",
        number=2,
        type=field.TYPE_MESSAGE,
        label=field.LABEL_REPEATED,
        type_name=".receive.PubsubMessage.AttributesEntry",
    )
    entry = message.nested_type.add(name="AttributesEntry")
    entry.options.map_entry = True
    for number, name in enumerate(("key", "value"), 1):
        entry.field.add(
            name=name, number=number, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL
        )
    request = file.message_type.add(name="PublishRequest")
    request.field.add(name="topic", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    request.field.add(
        name="messages",
        number=2,
        type=field.TYPE_MESSAGE,
        label=field.LABEL_REPEATED,
        type_name=".receive.PubsubMessage",
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return (
        message_factory.GetMessageClass(pool.FindMessageTypeByName("receive.PublishRequest")),
        message_factory.GetMessageClass(pool.FindMessageTypeByName("receive.PubsubMessage")),
    )


_PublishRequest, _PubsubMessage = _declare()


class Publisher:
    """Publishes to one topic.

    Args:
        channel: to Pub/Sub.
        topic: ``projects/p/topics/t``.
        deadline: seconds that one publish may take.
        max_waiting: events that may wait to be published.
    """

    def __init__(
        self, channel: grpc.aio.Channel, topic: str, *, deadline: float, max_waiting: int
    ) -> None:
        self._topic = topic
        self._deadline = deadline
        self._metadata = routing_header("topic", topic)
        self._call = channel.unary_unary(
            "/google.pubsub.v1.Publisher/Publish",
            request_serializer=_PublishRequest.SerializeToString,
            # The message ids are of no use here; leaving them encoded saves their decoding.
            response_deserializer=None,
        )
        self._batcher: Batcher[list[Message], None] = Batcher(
            self._send,
            max_items=PUBLISH_MESSAGES,
            max_bytes=PUBLISH_BYTES,
            max_in_flight=PUBLISHES_IN_FLIGHT,
            max_waiting=max_waiting,
        )

    async def publish(self, messages: list[Message]) -> None:
        """Publish the events of one request; returns when all are durable.

        Raises:
            PublishFailed: not all of them are known to be durable.
            QueueFull: too many wait already.
        """
        chunks = _chunks(messages)
        if len(chunks) == 1:
            await self._put(chunks[0])
            return
        outcomes = await asyncio.gather(*map(self._put, chunks), return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def _put(self, chunk: list[Message]) -> None:
        size = sum(message.size for message in chunk)
        await self._batcher.put(chunk, items=len(chunk), size=size)

    async def _send(self, batch: list[list[Message]]) -> Sequence[None]:
        request = _PublishRequest(
            topic=self._topic,
            messages=[
                _PubsubMessage(data=message.data, attributes=message.attributes)
                for chunk in batch
                for message in chunk
            ],
        )
        try:
            await self._call(request, timeout=self._deadline, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            raise PublishFailed(error.code().name) from error
        return [None] * len(batch)


def _chunks(messages: list[Message]) -> list[list[Message]]:
    """Cut the messages of one request into pieces that a publish can take."""
    chunks: list[list[Message]] = [[]]
    size = 0
    for message in messages:
        size += message.size
        if chunks[-1] and (size > PUBLISH_BYTES or len(chunks[-1]) == PUBLISH_MESSAGES):
            chunks.append([])
            size = message.size
        chunks[-1].append(message)
    return chunks
