"""The wiring of what a sweep rewrites beside the tables."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from functions.events.catalogue import load_catalogue
from functions.events.layout import Layouts
from functions.google.grpc_channel import open_channel
from functions.google.storage import Objects, open_bucket
from functions.google.subscription import Subscription
from functions.google.topic import Publisher, Topic
from functions.privacy.erasures.redaction import Redaction
from functions.privacy.exports.storage import ExportedCopies
from functions.privacy.settings import Settings
from functions.privacy.sweep.dead_letters import DeadLetters
from functions.privacy.sweep.storage import StoredObjects, UnreadObjects
from functions.retained import quarantine
from functions.secrets.pseudonym_keys import PseudonymKeys


def places(
    settings: Settings, keys: PseudonymKeys, now: Callable[[], datetime]
) -> tuple[StoredObjects, DeadLetters, ExportedCopies, UnreadObjects]:
    """Return where people are beside the tables; call it inside the running event loop.

    Objects come first: a replay meanwhile makes events of them, which become dead letters at most.

    Args:
        settings: the function's.
        keys: the cell's pseudonym keys.
        now: the clock, with an offset.
    """
    redaction = partial(Redaction, keys=keys, layouts=Layouts(load_catalogue()))
    bucket = partial(open_bucket, settings.storage_endpoint, settings.gcp_project, settings.bucket)
    topic = Topic(partial(open_channel, settings.pubsub_endpoint), settings.dead_letter_topic)
    objects = Objects(bucket, settings.storage_deadline_seconds)
    stored = StoredObjects(objects, redaction)
    return (
        stored,
        DeadLetters(
            Subscription(settings.pubsub_endpoint, settings.dead_letter_subscription),
            Publisher(topic, settings.publish_deadline_seconds).publish,
            partial(objects.write, content_type=quarantine.CONTENT_TYPE, over=0),
            redaction,
            now,
        ),
        ExportedCopies(objects),
        UnreadObjects(objects, stored, now),
    )
