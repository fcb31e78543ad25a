"""One subscription: its configuration, its filter and its backlog."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from local.pubsub import filters
from local.pubsub.backlog import Backlog, Delivery, Lease
from local.pubsub.limits import check_subscription
from local.pubsub.messages import PubsubMessage, Response, SubscriptionConfig, protobuf

DEFAULT_ACK_DEADLINE = 10
DEFAULT_ATTEMPTS = 5
DEFAULT_MINIMUM_BACKOFF = 10
DEFAULT_MAXIMUM_BACKOFF = 600
DEFAULT_RETENTION = 7 * 24 * 3600

Forward = Callable[[str, PubsubMessage], bool]
"""Publishes a message to the named topic; returns False if the topic was deleted."""

_Message = protobuf("PubsubMessage")
_ReceivedMessage = protobuf("ReceivedMessage")


class Subscription:
    """A subscription's configuration and backlog.

    Attributes:
        config: the configuration as clients see it, with the defaults.
        backlog: the unacknowledged messages.
        listeners: called without arguments when messages may be ready, when room is made for more,
            and when the configuration changes or the subscription is deleted.
        deleted: whether the subscription was deleted; receivers end then.
    """

    def __init__(self, config: SubscriptionConfig, forward: Forward) -> None:
        self.config = config
        self.backlog = Backlog(_delivery(config), self._bury)
        self.listeners: set[Callable[[], None]] = set()
        self.deleted = False
        self._forward = forward
        self._filter = filters.parse(config.filter)

    def offer(self, messages: Sequence[PubsubMessage]) -> None:
        """Add the messages that pass the filter to the backlog; drop the others."""
        if self.config.filter:
            messages = [message for message in messages if self._filter(message.attributes)]
        if messages:
            self.backlog.put(messages)
            self.notify()

    def configure(self, config: SubscriptionConfig) -> None:
        """Replace the configuration."""
        self.config = config
        self.backlog.delivery = _delivery(config)
        self.notify()

    def acknowledge(self, ack_ids: Iterable[str]) -> None:
        """Forget the messages of these deliveries."""
        self.backlog.acknowledge(ack_ids)
        self.notify()  # a stream may have room for more messages now

    def extend(self, ack_ids: Iterable[str], seconds: float, now: float) -> None:
        """Let these deliveries expire ``seconds`` after ``now``; 0 gives them back at once."""
        self.backlog.extend(ack_ids, seconds, now)
        if seconds == 0:
            self.notify()

    def received(self, lease: Lease) -> Response:
        """Return a delivery in the form of the responses of Pull and StreamingPull."""
        counted = self.config.HasField("dead_letter_policy")
        return _ReceivedMessage(
            ack_id=lease.ack_id,
            message=lease.pending.message,
            delivery_attempt=lease.pending.attempts if counted else 0,
        )

    async def wait(self, seconds: float) -> None:
        """Wait until the listeners are called, or until the seconds are over."""
        happened = asyncio.Event()
        self.listeners.add(happened.set)
        try:
            async with asyncio.timeout(seconds):
                await happened.wait()
        except TimeoutError:
            pass
        finally:
            self.listeners.discard(happened.set)

    def notify(self) -> None:
        """Call the listeners."""
        for listener in tuple(self.listeners):
            listener()

    def _bury(self, message: PubsubMessage, attempts: int) -> bool:
        topic = self.config.dead_letter_policy.dead_letter_topic
        return self._forward(topic, _dead_letter(message, attempts, self.config.name))


def completed(config: SubscriptionConfig) -> SubscriptionConfig:
    """Add the API's defaults to a configuration, check it, and return it.

    Raises:
        InvalidArgument: a field is malformed or exceeds its limit.
        Unimplemented: the stand-in does not offer a part of the configuration.
    """
    config.ack_deadline_seconds = config.ack_deadline_seconds or DEFAULT_ACK_DEADLINE
    if not config.HasField("message_retention_duration"):
        config.message_retention_duration.seconds = DEFAULT_RETENTION
    if config.HasField("retry_policy"):
        retry = config.retry_policy
        if not retry.HasField("minimum_backoff"):
            retry.minimum_backoff.seconds = DEFAULT_MINIMUM_BACKOFF
        if not retry.HasField("maximum_backoff"):
            retry.maximum_backoff.seconds = DEFAULT_MAXIMUM_BACKOFF
    if config.HasField("dead_letter_policy"):
        policy = config.dead_letter_policy
        policy.max_delivery_attempts = policy.max_delivery_attempts or DEFAULT_ATTEMPTS
    check_subscription(config)
    return config


def _delivery(config: SubscriptionConfig) -> Delivery:
    retry, dead_letter = config.retry_policy, config.dead_letter_policy
    return Delivery(
        ack_deadline=config.ack_deadline_seconds,
        minimum_backoff=retry.minimum_backoff.ToTimedelta().total_seconds(),
        maximum_backoff=retry.maximum_backoff.ToTimedelta().total_seconds(),
        max_attempts=dead_letter.max_delivery_attempts or None,
    )


def _dead_letter(message: PubsubMessage, attempts: int, subscription: str) -> PubsubMessage:
    """Copy a message for the dead-letter topic, with the attributes that Google's service adds."""
    _, project, _, name = subscription.split("/")
    published = datetime.fromtimestamp(message.publish_time.ToMilliseconds() / 1000, UTC)
    letter = _Message(data=message.data, attributes=message.attributes)
    letter.ordering_key = message.ordering_key
    letter.attributes.update(
        {
            "CloudPubSubDeadLetterSourceDeliveryCount": str(attempts),
            "CloudPubSubDeadLetterSourceSubscription": name,
            "CloudPubSubDeadLetterSourceSubscriptionProject": project,
            "CloudPubSubDeadLetterSourceTopicPublishTime": published.isoformat(
                timespec="milliseconds"
            ),
        }
    )
    return letter
