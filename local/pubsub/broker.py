"""Topics and subscriptions, in memory.

The broker knows neither gRPC nor HTTP, and never waits. ``now`` is its only clock, in seconds since
the epoch. :meth:`Broker.advance` ends the deliveries and the pauses whose time is over.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from local.pubsub.errors import AlreadyExists, NotFound
from local.pubsub.limits import check_name
from local.pubsub.messages import PubsubMessage, SubscriptionConfig, TopicConfig, merge
from local.pubsub.subscription import Subscription, completed

DELETED_TOPIC = "_deleted-topic_"
"""The topic that a subscription names once its own topic is deleted."""

_IMMUTABLE_TOPIC = frozenset({"name", "kms_key_name"})
_IMMUTABLE_SUBSCRIPTION = frozenset({"name", "topic", "filter", "enable_message_ordering"})


class Broker:
    """All topics and subscriptions.

    Args:
        now: the time, in seconds since the epoch.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.topics: dict[str, TopicConfig] = {}
        self.subscriptions: dict[str, Subscription] = {}
        # Ids begin with the start time, so that a restarted broker does not repeat one.
        self._message_ids = itertools.count(int(now() * 1_000_000))

    def create_topic(self, config: TopicConfig) -> None:
        """Add a topic.

        Raises:
            AlreadyExists: another topic has this name.
            InvalidArgument: the name is malformed.
        """
        check_name(config.name, "topics")
        if config.name in self.topics:
            raise AlreadyExists(f"topic exists: {config.name}")
        self.topics[config.name] = config

    def topic(self, name: str) -> TopicConfig:
        """Return a topic.

        Raises:
            NotFound: no topic has this name.
        """
        if name not in self.topics:
            raise NotFound(f"topic not found: {name}")
        return self.topics[name]

    def update_topic(self, change: TopicConfig, mask: Any) -> TopicConfig:
        """Change the fields of a topic that a field mask names, and return the changed topic.

        Raises:
            NotFound: no topic has this name.
            InvalidArgument: the mask is empty or wrong.
        """
        merged = merge(self.topic(change.name), change, mask, _IMMUTABLE_TOPIC)
        self.topics[change.name] = merged
        return merged

    def delete_topic(self, name: str) -> None:
        """Remove a topic; its subscriptions keep their messages.

        Raises:
            NotFound: no topic has this name.
        """
        del self.topics[self.topic(name).name]
        for subscription in self.attached(name):
            subscription.config.topic = DELETED_TOPIC

    def attached(self, topic: str) -> list[Subscription]:
        """Return a topic's subscriptions."""
        return [
            subscription
            for subscription in self.subscriptions.values()
            if subscription.config.topic == topic
        ]

    def create_subscription(self, config: SubscriptionConfig) -> Subscription:
        """Add a subscription; it gets the messages that are published from now on.

        Raises:
            AlreadyExists: another subscription has this name.
            NotFound: its topic or its dead-letter topic does not exist.
            InvalidArgument: the configuration is malformed.
            Unimplemented: the stand-in does not offer a part of the configuration.
        """
        check_name(config.name, "subscriptions")
        if config.name in self.subscriptions:
            raise AlreadyExists(f"subscription exists: {config.name}")
        self.topic(config.topic)
        config = self._completed(config)
        subscription = Subscription(config, self.forward)
        self.subscriptions[config.name] = subscription
        return subscription

    def subscription(self, name: str) -> Subscription:
        """Return a subscription.

        Raises:
            NotFound: no subscription has this name.
        """
        if name not in self.subscriptions:
            raise NotFound(f"subscription not found: {name}")
        return self.subscriptions[name]

    def update_subscription(self, change: SubscriptionConfig, mask: Any) -> Subscription:
        """Change the fields of a subscription that a field mask names.

        Raises:
            NotFound: the subscription or the new dead-letter topic does not exist.
            InvalidArgument: the mask is empty or wrong, or a new value is malformed.
            Unimplemented: the stand-in does not offer a part of the new configuration.
        """
        subscription = self.subscription(change.name)
        merged = merge(subscription.config, change, mask, _IMMUTABLE_SUBSCRIPTION)
        subscription.configure(self._completed(merged))
        return subscription

    def delete_subscription(self, name: str) -> None:
        """Remove a subscription and its messages.

        Raises:
            NotFound: no subscription has this name.
        """
        subscription = self.subscription(name)
        del self.subscriptions[name]
        subscription.deleted = True
        subscription.notify()

    def publish(self, topic: str, messages: Sequence[PubsubMessage]) -> list[str]:
        """Give each message an id and the publish time, and put it into the topic's subscriptions.

        Returns:
            The ids, in order.

        Raises:
            NotFound: the topic does not exist.
        """
        self.topic(topic)
        seconds, milliseconds = divmod(int(self.now() * 1000), 1000)
        ids = []
        for message in messages:
            message.message_id = str(next(self._message_ids))
            message.publish_time.seconds = seconds
            message.publish_time.nanos = milliseconds * 1_000_000
            ids.append(message.message_id)
        for subscription in self.attached(topic):
            subscription.offer(messages)
        return ids

    def forward(self, topic: str, message: PubsubMessage) -> bool:
        """Publish a dead letter; return False if its topic was deleted."""
        if topic not in self.topics:
            return False
        self.publish(topic, [message])
        return True

    def advance(self) -> None:
        """End the deliveries and the pauses whose time is over."""
        now = self.now()
        for subscription in tuple(self.subscriptions.values()):
            if subscription.backlog.advance(now):
                subscription.notify()

    def _completed(self, config: SubscriptionConfig) -> SubscriptionConfig:
        config = completed(config)
        if config.HasField("dead_letter_policy"):
            self.topic(config.dead_letter_policy.dead_letter_topic)
        return config
