"""Creates the cell's topics, subscriptions and bucket, as Terraform does in a real one."""

from contextlib import suppress

from google.api_core.exceptions import AlreadyExists, Conflict
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.cloud.storage import Client as StorageClient

from local.cell import LOCATION, Cell

ACK_DEADLINE_SECONDS = 60
DEAD_LETTER_ACK_DEADLINE_SECONDS = 600
MINIMUM_BACKOFF_SECONDS = 10
MAXIMUM_BACKOFF_SECONDS = 600
DELIVERY_ATTEMPTS = 100


def create_topics(cell: Cell, publisher: PublisherClient, subscriber: SubscriberClient) -> None:
    """Create the events' and the dead letters' topic, each with its subscription.

    The dead letters' retention stays the default: neither stand-in applies it, and Google's
    emulator refuses the 31 days of the real one.
    """
    for topic in (cell.topic, cell.dead_letter_topic):
        with suppress(AlreadyExists):
            publisher.create_topic(name=topic)
    dead_letters = {
        "name": cell.dead_letter_subscription,
        "topic": cell.dead_letter_topic,
        "ack_deadline_seconds": DEAD_LETTER_ACK_DEADLINE_SECONDS,
        "expiration_policy": {},
    }
    load = {
        "name": cell.subscription,
        "topic": cell.topic,
        "push_config": {"push_endpoint": cell.url("load")},
        "ack_deadline_seconds": ACK_DEADLINE_SECONDS,
        "expiration_policy": {},
        "retry_policy": {
            "minimum_backoff": {"seconds": MINIMUM_BACKOFF_SECONDS},
            "maximum_backoff": {"seconds": MAXIMUM_BACKOFF_SECONDS},
        },
        "dead_letter_policy": {
            "dead_letter_topic": cell.dead_letter_topic,
            "max_delivery_attempts": DELIVERY_ATTEMPTS,
        },
    }
    for request in (dead_letters, load):
        with suppress(AlreadyExists):
            subscriber.create_subscription(request=request)


def create_bucket(cell: Cell, client: StorageClient) -> None:
    """Create the bucket for quarantined and spilled events."""
    with suppress(Conflict):
        client.create_bucket(cell.bucket, location=LOCATION)
