"""Creates the cell's topics, subscriptions and bucket, as Terraform does in a real one."""

from contextlib import suppress
from typing import Any

from google.api_core.exceptions import AlreadyExists, Conflict
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.cloud.storage import Client as StorageClient

from local.cell import LOCATION, PUSH_ACCOUNT, Cell

ACK_DEADLINE_SECONDS = 60
DEAD_LETTER_ACK_DEADLINE_SECONDS = 600
MINIMUM_BACKOFF_SECONDS = 10
MAXIMUM_BACKOFF_SECONDS = 600
DELIVERY_ATTEMPTS = 100
DELETIONS = 'attributes.event = "delete_profile_confirmed" OR attributes.event = "account_restored"'
"""The messages that the privacy function gets: a person deleted a profile, or restored it."""


def create_topics(cell: Cell, publisher: PublisherClient, subscriber: SubscriberClient) -> None:
    """Create the topics of events and of dead letters, with their subscriptions.

    The subscription of dead letters keeps the default retention. The stand-in does not apply
    retention, and neither does Google's emulator, which also refuses the 31 days of a real cell.
    """
    stored_in = {"allowed_persistence_regions": [LOCATION], "enforce_in_transit": True}
    for topic in (cell.topic, cell.dead_letter_topic):
        with suppress(AlreadyExists):
            publisher.create_topic(request={"name": topic, "message_storage_policy": stored_in})
    dead_letters = {
        "name": cell.dead_letter_subscription,
        "topic": cell.dead_letter_topic,
        "ack_deadline_seconds": DEAD_LETTER_ACK_DEADLINE_SECONDS,
        "expiration_policy": {},
    }
    load = _push(cell, cell.subscription, cell.url("load"))
    privacy = _push(cell, cell.privacy_subscription, f"{cell.url('privacy')}/stream")
    for request in (dead_letters, load, privacy | {"filter": DELETIONS}):
        with suppress(AlreadyExists):
            subscriber.create_subscription(request=request)


def _push(cell: Cell, name: str, endpoint: str) -> dict[str, Any]:
    return {
        "name": name,
        "topic": cell.topic,
        "push_config": {
            "push_endpoint": endpoint,
            "oidc_token": {"service_account_email": PUSH_ACCOUNT},
        },
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


def create_bucket(cell: Cell, client: StorageClient) -> None:
    """Create the cell's bucket."""
    with suppress(Conflict):
        client.create_bucket(cell.bucket, location=LOCATION)
