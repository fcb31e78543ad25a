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
"""Publishes a message to the named topic; False: the topic is gone."""

_Message = protobuf("PubsubMessage")
_ReceivedMessage = protobuf("ReceivedMessage")


class Subscription:
    """A subscription's configuration and backlog.

    Attributes:
        config: as clients see it, completed with the defaults.
        backlog: its unacknowledged messages.
        listeners: called, without arguments, after something happened that a receiver may wait for.
        deleted: set once it is; receivers end then.
    """

    def __init__(self, config: SubscriptionConfig, forward: Forward) -> None:
        self.config = config
        self.backlog = Backlog(_delivery(config), self._bury)
        self.listeners: set[Callable[[], None]] = set()
        self.deleted = False
        self._forward = forward
        self._filter = filters.parse(config.filter)

    def offer(self, messages: Sequence[PubsubMessage]) -> None:
        """Keep the messages that pass the filter; the others count as acknowledged."""
        if self.config.filter:
            messages = [message for message in messages if self._filter(message.attributes)]
        if messages:
            self.backlog.put(messages)
            self.notify()

    def configure(self, config: SubscriptionConfig) -> None:
        """Take over a changed configuration."""
        self.config = config
        self.backlog.delivery = _delivery(config)
        self.notify()

    def acknowledge(self, ack_ids: Iterable[str]) -> None:
        """Forget these deliveries' messages."""
        self.backlog.acknowledge(ack_ids)
        self.notify()  # a stream has room for more now

    def extend(self, ack_ids: Iterable[str], seconds: float, now: float) -> None:
        """Let these deliveries end ``seconds`` from ``now``; 0 gives them back at once."""
        self.backlog.extend(ack_ids, seconds, now)
        if seconds == 0:
            self.notify()

    def received(self, lease: Lease) -> Response:
        """Write a delivery as pull and StreamingPull return it."""
        counted = self.config.HasField("dead_letter_policy")
        return _ReceivedMessage(
            ack_id=lease.ack_id,
            message=lease.pending.message,
            delivery_attempt=lease.pending.attempts if counted else 0,
        )

    async def wait(self, seconds: float) -> None:
        """Wait until something happens that a receiver may wait for, at most so long."""
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
    """Fill the defaults of the API in, check the outcome and return it.

    Raises:
        InvalidArgument: a field is malformed or beyond its limit.
        Unimplemented: it needs what the stand-in does not offer.
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
    """Copy a message for the dead-letter topic, with the source attributes of the service."""
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
