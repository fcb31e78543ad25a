"""Checks of names and limits; the server answers INVALID_ARGUMENT if one fails.

Sources: https://cloud.google.com/pubsub/quotas#resource_limits and the reference of each message.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

from local.pubsub import filters
from local.pubsub.errors import InvalidArgument, Unimplemented
from local.pubsub.messages import PubsubMessage, Request, SubscriptionConfig

MESSAGES_PER_PUBLISH = 1000
PUBLISH_BYTES = 10_000_000
ATTRIBUTES = 100
ATTRIBUTE_KEY_BYTES = 256
ATTRIBUTE_VALUE_BYTES = 1024
ACK_DEADLINE = range(10, 601)
"""The ack deadlines, in seconds, that a subscription or a stream may have."""
MODIFIED_ACK_DEADLINE = range(601)
"""The ack deadlines, in seconds, that a receiver may ask for one message; 0 gives it back."""
DELIVERY_ATTEMPTS = range(5, 101)
BACKOFF = (timedelta(0), timedelta(seconds=600))

_UNSUPPORTED = (
    "bigquery_config",
    "bigtable_config",
    "cloud_storage_config",
    "enable_exactly_once_delivery",
    "enable_message_ordering",
    "message_transforms",
)
_NAME = re.compile(
    r"projects/(?P<project>[^/]+)/(?P<collection>topics|subscriptions)/"
    r"(?!goog)(?P<id>[A-Za-z][A-Za-z0-9\-_.~+%]{2,254})"
)


def check_name(name: str, collection: str) -> None:
    """Refuse a name that does not have the form ``projects/P/{topics|subscriptions}/ID``.

    Raises:
        InvalidArgument: the name is malformed.
    """
    match = _NAME.fullmatch(name)
    if match is None or match["collection"] != collection:
        raise InvalidArgument(f"not a name of the form projects/PROJECT/{collection}/ID: {name!r}")


def check_publish(request: Request) -> None:
    """Refuse a publish request that exceeds a limit.

    Raises:
        InvalidArgument: the request has no messages, is too large, or has an invalid message.
    """
    if not 0 < len(request.messages) <= MESSAGES_PER_PUBLISH:
        raise InvalidArgument(f"a publish takes 1 to {MESSAGES_PER_PUBLISH} messages")
    if request.ByteSize() > PUBLISH_BYTES:
        raise InvalidArgument(f"a publish takes at most {PUBLISH_BYTES} bytes")
    for message in request.messages:
        _check_message(message)


def _check_message(message: PubsubMessage) -> None:
    attributes = message.attributes
    if not attributes and not message.data:
        raise InvalidArgument("a message needs data or at least one attribute")
    if len(attributes) > ATTRIBUTES:
        raise InvalidArgument(f"a message takes at most {ATTRIBUTES} attributes")
    for key, value in attributes.items():
        if not key or key.startswith("goog"):
            raise InvalidArgument("an attribute key must not be empty nor start with goog")
        if len(key.encode()) > ATTRIBUTE_KEY_BYTES:
            raise InvalidArgument(f"an attribute key takes at most {ATTRIBUTE_KEY_BYTES} bytes")
        if len(value.encode()) > ATTRIBUTE_VALUE_BYTES:
            raise InvalidArgument(
                f"an attribute value takes at most {ATTRIBUTE_VALUE_BYTES} bytes (key {key!r})"
            )


def check_range(value: int, allowed: range, what: str) -> None:
    """Refuse a number outside its range.

    Raises:
        InvalidArgument: the number is outside; the error's message names it ``what``.
    """
    if value not in allowed:
        raise InvalidArgument(f"{what} must be {allowed.start} to {allowed.stop - 1}, not {value}")


def check_subscription(config: SubscriptionConfig) -> None:
    """Refuse a subscription that cannot be served; `config` already has the defaults.

    Raises:
        InvalidArgument: a field is malformed or exceeds its limit.
        Unimplemented: the stand-in does not offer a part of the configuration.
    """
    if unsupported := _set_fields(config, _UNSUPPORTED):
        raise Unimplemented(f"the stand-in does not offer {', '.join(unsupported)}")
    check_range(config.ack_deadline_seconds, ACK_DEADLINE, "ack_deadline_seconds")
    filters.parse(config.filter)
    if config.HasField("push_config"):
        check_push(config.push_config)
    if config.HasField("retry_policy"):
        minimum = config.retry_policy.minimum_backoff.ToTimedelta()
        maximum = config.retry_policy.maximum_backoff.ToTimedelta()
        if not BACKOFF[0] <= minimum <= maximum <= BACKOFF[1]:
            raise InvalidArgument("retry_policy needs 0 s <= minimum <= maximum <= 600 s")
    if config.HasField("dead_letter_policy"):
        policy = config.dead_letter_policy
        check_name(policy.dead_letter_topic, "topics")
        check_range(policy.max_delivery_attempts, DELIVERY_ATTEMPTS, "max_delivery_attempts")


def check_push(push_config: Request) -> None:
    """Refuse a push endpoint that is not a URL; a subscription without an endpoint is pulled.

    Raises:
        InvalidArgument: the endpoint does not begin with http:// or https://, or has no host.
        Unimplemented: the configuration asks for bodies without Pub/Sub's wrapper.
    """
    if push_config.HasField("no_wrapper"):
        raise Unimplemented("the stand-in does not offer no_wrapper")
    if not push_config.push_endpoint:
        return
    url = urlsplit(push_config.push_endpoint)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise InvalidArgument("push_endpoint is not a URL of http or https")


def _set_fields(message: Request, names: Iterable[str]) -> list[str]:
    present = {field.name for field, _ in message.ListFields()}
    return [name for name in names if name in present]
