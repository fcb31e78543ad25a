"""The RPCs of ``google.pubsub.v1.Publisher``."""

from dataclasses import dataclass

from google.protobuf.empty_pb2 import Empty

from local.pubsub.broker import Broker
from local.pubsub.limits import check_publish
from local.pubsub.messages import Request, Response, in_project, page, protobuf

_PublishResponse = protobuf("PublishResponse")
_ListTopicsResponse = protobuf("ListTopicsResponse")
_ListTopicSubscriptionsResponse = protobuf("ListTopicSubscriptionsResponse")


@dataclass(frozen=True, slots=True)
class Publisher:
    """Answers the RPCs about a broker's topics.

    Each method takes a request and returns the response. If it refuses the request, it raises one
    of ``local.pubsub.errors``.
    """

    broker: Broker

    async def create_topic(self, request: Request) -> Response:
        """CreateTopic."""
        self.broker.create_topic(request)
        return request

    async def get_topic(self, request: Request) -> Response:
        """GetTopic."""
        return self.broker.topic(request.topic)

    async def update_topic(self, request: Request) -> Response:
        """UpdateTopic."""
        return self.broker.update_topic(request.topic, request.update_mask)

    async def delete_topic(self, request: Request) -> Response:
        """DeleteTopic."""
        self.broker.delete_topic(request.topic)
        return Empty()

    async def list_topics(self, request: Request) -> Response:
        """ListTopics."""
        names, token = page(in_project(self.broker.topics, request), request)
        topics = [self.broker.topics[name] for name in names]
        return _ListTopicsResponse(topics=topics, next_page_token=token)

    async def list_topic_subscriptions(self, request: Request) -> Response:
        """ListTopicSubscriptions."""
        self.broker.topic(request.topic)
        attached = [
            subscription.config.name for subscription in self.broker.attached(request.topic)
        ]
        names, token = page(attached, request)
        return _ListTopicSubscriptionsResponse(subscriptions=names, next_page_token=token)

    async def publish(self, request: Request) -> Response:
        """Publish."""
        self.broker.topic(request.topic)
        check_publish(request)
        ids = self.broker.publish(request.topic, request.messages)
        return _PublishResponse(message_ids=ids)
