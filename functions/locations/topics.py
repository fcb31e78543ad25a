"""Reads topics through Pub/Sub's gRPC API, which the local stand-in also has."""

from dataclasses import dataclass
from typing import Any

from functions.google.grpc_channel import open_channel
from functions.google.rest import NotAnswered, NotThere
from functions.locations.faults import Answer

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Topics:
    """Reads topics; create it inside the running event loop.

    Args:
        endpoint: Pub/Sub's endpoint, in the form that `functions.google.grpc_channel.open_channel`
            takes.
        quota_project: the project whose quota is used; if empty, the project of the credentials.
    """

    endpoint: str
    quota_project: str = ""

    async def read(self, name: str) -> Answer:
        """Return a topic in the form of the REST API.

        Args:
            name: the topic's full name, ``projects/p/topics/t``.

        Raises:
            NotThere: the topic does not exist.
            NotAnswered: Pub/Sub did not return the topic.
            google.auth.exceptions.DefaultCredentialsError: there are no credentials.
        """
        from google.api_core.exceptions import GoogleAPIError, NotFound  # noqa: PLC0415 - slow
        from google.protobuf.json_format import MessageToDict  # noqa: PLC0415
        from google.pubsub_v1.services.publisher import PublisherAsyncClient  # noqa: PLC0415
        from google.pubsub_v1.services.publisher.transports import (  # noqa: PLC0415
            PublisherGrpcAsyncIOTransport,
        )

        async with open_channel(self.endpoint, self.quota_project) as channel:
            client: Any = PublisherAsyncClient(
                transport=PublisherGrpcAsyncIOTransport(channel=channel)
            )
            try:
                topic = await client.get_topic(topic=name, retry=None, timeout=TIMEOUT_SECONDS)
            except NotFound:
                raise NotThere from None
            except GoogleAPIError as error:
                raise NotAnswered(type(error).__name__) from error
        answer: Answer = MessageToDict(type(topic).pb(topic))
        return answer
