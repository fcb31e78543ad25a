"""Leases messages from one Pub/Sub subscription, with Google's client library."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from functions.google.grpc_channel import open_channel

PULL_MESSAGES = 1_000
"""The maximum number of messages in one pull, set by Pub/Sub."""

PULL_SECONDS = 10.0
"""The time limit of a pull in seconds. If there are no messages, Pub/Sub may not answer within this
time.
"""

REQUEST_SECONDS = 10.0
"""The time limit of all other requests in seconds."""


class SubscriptionUnavailable(Exception):
    """Pub/Sub refused a call or did not answer.

    Messages that were not acknowledged are delivered again.
    """


class Letter(NamedTuple):
    """A message that this process has leased.

    Attributes:
        ack_id: the id with which the message can be acknowledged or given back.
        message_id: Pub/Sub's id of the message.
        data: the message's bytes.
        attributes: the message's attributes.
    """

    ack_id: str
    message_id: str
    data: bytes
    attributes: dict[str, str]


class Subscription:
    """One pull subscription; create it inside the running event loop.

    Args:
        endpoint: Pub/Sub's endpoint, in the form that `functions.google.grpc_channel.open_channel`
            takes.
        name: the subscription's full name, ``projects/p/subscriptions/s``.
    """

    def __init__(self, endpoint: str, name: str) -> None:
        self._endpoint = endpoint
        self._name = name
        self._client: Any = None

    async def pull(self) -> list[Letter]:
        """Lease up to `PULL_MESSAGES` messages that no other client has leased.

        Returns:
            The messages. The list may be empty although there are messages.

        Raises:
            SubscriptionUnavailable: the call failed.
        """
        from google.api_core.exceptions import DeadlineExceeded  # noqa: PLC0415 - slow to import

        try:
            response = await self._call("pull", PULL_SECONDS, max_messages=PULL_MESSAGES)
        except SubscriptionUnavailable as failure:
            if isinstance(failure.__cause__, DeadlineExceeded):
                return []  # Pub/Sub was still waiting for messages
            raise
        return [
            Letter(
                received.ack_id,
                received.message.message_id,
                received.message.data,
                dict(received.message.attributes),
            )
            for received in response.received_messages
        ]

    async def acknowledge(self, letters: Sequence[Letter]) -> None:
        """Acknowledge messages, so that Pub/Sub deletes them.

        Raises:
            SubscriptionUnavailable: the call failed; the messages may be acknowledged
                nevertheless.
        """
        await self._each("acknowledge", letters)

    async def give_back(self, letters: Sequence[Letter]) -> None:
        """End the leases of messages, so that they can be pulled again at once.

        Raises:
            SubscriptionUnavailable: the call failed.
        """
        await self._each("modify_ack_deadline", letters, ack_deadline_seconds=0)

    async def _each(self, method: str, letters: Sequence[Letter], **fields: object) -> None:
        for start in range(0, len(letters), PULL_MESSAGES):  # the size of a request is limited
            ack_ids = [letter.ack_id for letter in letters[start : start + PULL_MESSAGES]]
            await self._call(method, REQUEST_SECONDS, ack_ids=ack_ids, **fields)

    async def _call(self, method: str, seconds: float, **fields: object) -> Any:
        from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415 - slow to import

        if self._client is None:
            self._client = _client(self._endpoint)
        request = {"subscription": self._name, **fields}
        try:
            call = getattr(self._client, method)
            return await call(request=request, retry=None, timeout=seconds)
        except GoogleAPIError as error:
            self._client = None  # a new channel connects at once; a failed one would wait
            raise SubscriptionUnavailable(type(error).__name__) from error


def _client(endpoint: str) -> Any:
    from google.pubsub_v1.services.subscriber import SubscriberAsyncClient  # noqa: PLC0415
    from google.pubsub_v1.services.subscriber.transports import (  # noqa: PLC0415
        SubscriberGrpcAsyncIOTransport,
    )

    transport = SubscriberGrpcAsyncIOTransport(channel=open_channel(endpoint))
    return SubscriberAsyncClient(transport=transport)
