"""The RPCs of ``google.pubsub.v1.Subscriber``."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sized

from google.protobuf.empty_pb2 import Empty

from local.pubsub.broker import Broker
from local.pubsub.errors import FailedPrecondition, InvalidArgument
from local.pubsub.limits import MODIFIED_ACK_DEADLINE, check_push, check_range
from local.pubsub.messages import Request, Response, in_project, page, protobuf
from local.pubsub.push import Pusher
from local.pubsub.streaming import Stream
from local.pubsub.subscription import Subscription

PULL_SECONDS = 1
"""How long a pull waits for a message before it answers without one."""

PULL_MESSAGES = 1000
"""How many messages one pull gets at most, even if it asks for more."""

_ListSubscriptionsResponse = protobuf("ListSubscriptionsResponse")
_PullResponse = protobuf("PullResponse")


class Subscriber:
    """Answers the RPCs about a broker's subscriptions, and pushes to their endpoints.

    Each method takes a request and returns the response. If it refuses the request, it raises one
    of ``local.pubsub.errors``.

    Args:
        broker: has the topics and subscriptions.
        max_in_flight: how many pushes of one subscription may be under way at a time.
    """

    def __init__(self, broker: Broker, max_in_flight: int) -> None:
        self._broker = broker
        self._max_in_flight = max_in_flight
        self._pushers: dict[str, Pusher] = {}

    async def close(self) -> None:
        """Stop the pushes."""
        for name in tuple(self._pushers):
            await self._pushers.pop(name).close()

    async def create_subscription(self, request: Request) -> Response:
        """CreateSubscription."""
        subscription = self._broker.create_subscription(request)
        await self._restart_pushing(subscription)
        return subscription.config

    async def get_subscription(self, request: Request) -> Response:
        """GetSubscription."""
        return self._broker.subscription(request.subscription).config

    async def update_subscription(self, request: Request) -> Response:
        """UpdateSubscription."""
        subscription = self._broker.update_subscription(request.subscription, request.update_mask)
        if any(path.split(".")[0] == "push_config" for path in request.update_mask.paths):
            await self._restart_pushing(subscription)
        return subscription.config

    async def modify_push_config(self, request: Request) -> Response:
        """ModifyPushConfig; a request without an endpoint makes this a pull subscription."""
        subscription = self._broker.subscription(request.subscription)
        check_push(request.push_config)
        subscription.config.push_config.CopyFrom(request.push_config)
        await self._restart_pushing(subscription)
        return Empty()

    async def list_subscriptions(self, request: Request) -> Response:
        """ListSubscriptions."""
        names, token = page(in_project(self._broker.subscriptions, request), request)
        subscriptions = [self._broker.subscriptions[name].config for name in names]
        return _ListSubscriptionsResponse(subscriptions=subscriptions, next_page_token=token)

    async def delete_subscription(self, request: Request) -> Response:
        """DeleteSubscription."""
        self._broker.delete_subscription(request.subscription)
        if pusher := self._pushers.pop(request.subscription, None):
            await pusher.close()
        return Empty()

    async def pull(self, request: Request) -> Response:
        """Pull; waits up to `PULL_SECONDS` for a message, unless `return_immediately` is set."""
        subscription = self._pulled(request.subscription)
        if request.max_messages <= 0:
            raise InvalidArgument("max_messages must be positive")
        limit = min(request.max_messages, PULL_MESSAGES)
        now = self._broker.now
        leases = subscription.backlog.take(limit, now())
        if not leases and not request.return_immediately:
            await subscription.wait(PULL_SECONDS)
            leases = subscription.backlog.take(limit, now())
        return _PullResponse(received_messages=[subscription.received(lease) for lease in leases])

    async def acknowledge(self, request: Request) -> Response:
        """Acknowledge."""
        subscription = self._broker.subscription(request.subscription)
        _check_ack_ids(request.ack_ids)
        subscription.acknowledge(request.ack_ids)
        return Empty()

    async def modify_ack_deadline(self, request: Request) -> Response:
        """ModifyAckDeadline; 0 s gives the messages back."""
        subscription = self._broker.subscription(request.subscription)
        _check_ack_ids(request.ack_ids)
        seconds = request.ack_deadline_seconds
        check_range(seconds, MODIFIED_ACK_DEADLINE, "ack_deadline_seconds")
        subscription.extend(request.ack_ids, seconds, self._broker.now())
        return Empty()

    async def streaming_pull(
        self, opening: Request, requests: AsyncIterator[Request]
    ) -> AsyncGenerator[Response, None]:
        """StreamingPull; ends when the receiver hangs up or the subscription is deleted."""
        stream = Stream(self._pulled(opening.subscription), opening, self._broker.now)
        stream.take_in(opening)

        async def listen() -> None:
            async for request in requests:
                stream.take_in(request)

        responses = stream.responses()
        listener = asyncio.create_task(listen())
        listener.add_done_callback(stream.hang_up)
        try:
            async for response in responses:
                yield response
            await listener
        finally:
            listener.cancel()
            await responses.aclose()

    def _pulled(self, name: str) -> Subscription:
        subscription = self._broker.subscription(name)
        if subscription.config.push_config.push_endpoint:
            raise FailedPrecondition(f"a push subscription is not pulled: {name}")
        return subscription

    async def _restart_pushing(self, subscription: Subscription) -> None:
        name = subscription.config.name
        if pusher := self._pushers.pop(name, None):
            await pusher.close()
        if subscription.config.push_config.push_endpoint and not subscription.deleted:
            self._pushers[name] = Pusher(subscription, self._broker.now, self._max_in_flight)


def _check_ack_ids(ack_ids: Sized) -> None:
    if not ack_ids:
        raise InvalidArgument("ack_ids is empty")
