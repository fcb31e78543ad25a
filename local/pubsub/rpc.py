"""Connects the services with gRPC: types, routing headers, and a status for each refusal."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import grpc
from google.protobuf.empty_pb2 import Empty

from local.pubsub.errors import InvalidArgument, Refusal
from local.pubsub.messages import Request, Response, protobuf
from local.pubsub.publisher import Publisher
from local.pubsub.subscriber import Subscriber

ROUTING_HEADER = "x-goog-request-params"

Metadata = Iterable[tuple[str, str | bytes]] | None
Unary = Callable[[Request], Awaitable[Response]]
Context = Any
"""A ``grpc.aio.ServicerContext``; the type stubs of gRPC leave its parameters open."""


class Rpc(NamedTuple):
    """A unary RPC: its handler, its request's type, and the field that the routing header names."""

    handler: Unary
    request_type: str
    route: str


def publisher_handler(publisher: Publisher) -> "grpc.GenericRpcHandler[Request, Response]":
    """Return gRPC's handler of the service ``google.pubsub.v1.Publisher``."""
    rpcs = {
        "CreateTopic": Rpc(publisher.create_topic, "Topic", "name"),
        "GetTopic": Rpc(publisher.get_topic, "GetTopicRequest", "topic"),
        "UpdateTopic": Rpc(publisher.update_topic, "UpdateTopicRequest", "topic.name"),
        "DeleteTopic": Rpc(publisher.delete_topic, "DeleteTopicRequest", "topic"),
        "ListTopics": Rpc(publisher.list_topics, "ListTopicsRequest", "project"),
        "ListTopicSubscriptions": Rpc(
            publisher.list_topic_subscriptions, "ListTopicSubscriptionsRequest", "topic"
        ),
        "Publish": Rpc(publisher.publish, "PublishRequest", "topic"),
    }
    handlers = {name: _unary(rpc) for name, rpc in rpcs.items()}
    return grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", handlers)


def subscriber_handler(subscriber: Subscriber) -> "grpc.GenericRpcHandler[Request, Response]":
    """Return gRPC's handler of the service ``google.pubsub.v1.Subscriber``."""
    rpcs = {
        "CreateSubscription": Rpc(subscriber.create_subscription, "Subscription", "name"),
        "GetSubscription": Rpc(
            subscriber.get_subscription, "GetSubscriptionRequest", "subscription"
        ),
        "UpdateSubscription": Rpc(
            subscriber.update_subscription, "UpdateSubscriptionRequest", "subscription.name"
        ),
        "ModifyPushConfig": Rpc(
            subscriber.modify_push_config, "ModifyPushConfigRequest", "subscription"
        ),
        "ListSubscriptions": Rpc(
            subscriber.list_subscriptions, "ListSubscriptionsRequest", "project"
        ),
        "DeleteSubscription": Rpc(
            subscriber.delete_subscription, "DeleteSubscriptionRequest", "subscription"
        ),
        "Pull": Rpc(subscriber.pull, "PullRequest", "subscription"),
        "Acknowledge": Rpc(subscriber.acknowledge, "AcknowledgeRequest", "subscription"),
        "ModifyAckDeadline": Rpc(
            subscriber.modify_ack_deadline, "ModifyAckDeadlineRequest", "subscription"
        ),
    }
    handlers = {name: _unary(rpc) for name, rpc in rpcs.items()}
    handlers["StreamingPull"] = _streaming_pull(subscriber)
    return grpc.method_handlers_generic_handler("google.pubsub.v1.Subscriber", handlers)


def check_routing(metadata: Metadata, route: str, resource: str) -> None:
    """Refuse a call that Google's front end could not route to a region.

    Args:
        metadata: the metadata of the call.
        route: the name of the parameter in the routing header.
        resource: the name of the resource in the request.

    Raises:
        InvalidArgument: the header is missing, or names another resource.
    """
    values = [str(value) for name, value in metadata or () if name == ROUTING_HEADER]
    if not values:
        raise InvalidArgument(f"header {ROUTING_HEADER} is missing: {route}=... expected")
    if parse_qs(values[0]).get(route) != [resource]:
        raise InvalidArgument(f"header {ROUTING_HEADER} does not say {route}={resource}")


def _unary(rpc: Rpc) -> "grpc.RpcMethodHandler[Request, Response]":
    path = rpc.route.split(".")

    async def call(request: Request, context: Context) -> Response:
        resource = request
        for field in path:
            resource = getattr(resource, field)
        try:
            check_routing(context.invocation_metadata(), rpc.route, resource)
            return await rpc.handler(request)
        except Refusal as refusal:
            return await context.abort(refusal.code, str(refusal))

    return grpc.unary_unary_rpc_method_handler(
        call,
        request_deserializer=protobuf(rpc.request_type).FromString,
        response_serializer=_serialize,
    )


def _streaming_pull(subscriber: Subscriber) -> "grpc.RpcMethodHandler[Request, Response]":
    async def call(requests: AsyncIterator[Request], context: Context) -> AsyncIterator[Response]:
        try:
            opening = await anext(requests, None)
            if opening is None:
                raise InvalidArgument("the stream's first request is missing")
            metadata = context.invocation_metadata()
            # The client library sends the header with a streaming pull; generated clients do not.
            if any(name == ROUTING_HEADER for name, _ in metadata or ()):
                check_routing(metadata, "subscription", opening.subscription)
            async for response in subscriber.streaming_pull(opening, requests):
                yield response
        except Refusal as refusal:
            await context.abort(refusal.code, str(refusal))

    return grpc.stream_stream_rpc_method_handler(
        call,
        request_deserializer=protobuf("StreamingPullRequest").FromString,
        response_serializer=_serialize,
    )


def _serialize(response: Response | Empty) -> bytes:
    serialized: bytes = response.SerializeToString()
    return serialized
