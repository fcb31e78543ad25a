"""Publishes what is replayed, with the client library: nobody waits for it in a hurry."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from functions.grpc_channel import open_channel

PUBLISH_MESSAGES = 1_000
"""The most messages that Pub/Sub takes in one request."""

PUBLISH_BYTES = 9_000_000
"""The most bytes put into one request; Pub/Sub's limit is 10 MB (10,000,000 bytes)."""

FRAMING_BYTES = 32
"""An allowance for the framing of a message and of each of its attributes."""


class Message(NamedTuple):
    """An event as it goes to Pub/Sub.

    Attributes:
        data: the sender's bytes.
        attributes: as the receiver made them.
    """

    data: bytes
    attributes: dict[str, str]

    @property
    def size(self) -> int:
        """Bytes that it adds to a request, at most."""
        texts = (text for attribute in self.attributes.items() for text in attribute)
        framing = FRAMING_BYTES * (1 + len(self.attributes))
        return len(self.data) + sum(len(text.encode()) for text in texts) + framing


class PublishFailed(Exception):
    """Pub/Sub did not take the events, or did not say so in time."""


class PublishRefused(Exception):
    """Pub/Sub refuses these events as they are: repeating it changes nothing."""


class Publisher:
    """Publishes to one topic; make it inside the running event loop.

    Args:
        endpoint: of Pub/Sub, as `functions.grpc_channel.open_channel` takes it.
        topic: ``projects/p/topics/t``.
        deadline: seconds that one publish may take.
    """

    def __init__(self, endpoint: str, topic: str, deadline: float) -> None:
        self._endpoint = endpoint
        self._topic = topic
        self._deadline = deadline
        self._client: Any = None

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish the messages, in order; returns when all are durable.

        Raises:
            PublishFailed: not all of them are known to be durable.
            PublishRefused: some cannot be published.
        """
        from google.api_core import exceptions  # noqa: PLC0415 - slow to import

        if self._client is None:
            self._client = _client(self._endpoint)
        try:
            for chunk in chunks(messages):
                await self._client.publish(
                    topic=self._topic,
                    messages=[message._asdict() for message in chunk],
                    retry=None,
                    timeout=self._deadline,
                )
        except exceptions.InvalidArgument as error:
            raise PublishRefused("not_publishable") from error
        except exceptions.GoogleAPIError as error:
            self._client = None  # a channel that failed waits before it connects again
            raise PublishFailed(type(error).__name__) from error


def _client(endpoint: str) -> Any:
    from google.pubsub_v1.services.publisher import PublisherAsyncClient  # noqa: PLC0415
    from google.pubsub_v1.services.publisher.transports import (  # noqa: PLC0415
        PublisherGrpcAsyncIOTransport,
    )

    transport = PublisherGrpcAsyncIOTransport(channel=open_channel(endpoint))
    return PublisherAsyncClient(transport=transport)


def chunks(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """Cut messages into pieces that one publish can take."""
    chunk: list[Message] = []
    size = 0
    for message in messages:
        if chunk and (size + message.size > PUBLISH_BYTES or len(chunk) == PUBLISH_MESSAGES):
            yield chunk
            chunk, size = [], 0
        chunk.append(message)
        size += message.size
    if chunk:
        yield chunk
