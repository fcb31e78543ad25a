"""The plain protobuf messages of ``google.pubsub.v1``.

The client library wraps these messages in proto-plus, which makes access to a field about ten times
as slow. Protobuf makes their classes at run time, so the type checker does not know them.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

from google.pubsub_v1 import types

from local.pubsub.errors import InvalidArgument

PubsubMessage: TypeAlias = Any
"""A ``google.pubsub.v1.PubsubMessage``."""

TopicConfig: TypeAlias = Any
"""A ``google.pubsub.v1.Topic``."""

SubscriptionConfig: TypeAlias = Any
"""A ``google.pubsub.v1.Subscription``."""

Request: TypeAlias = Any
"""The request of an RPC; `local.pubsub.rpc` has a table of the types."""

Response: TypeAlias = Any
"""The response of an RPC."""


def protobuf(name: str) -> Any:
    """Return the protobuf class of a message of the API, such as ``PublishRequest``."""
    return getattr(types, name).pb()


def merge(current: Any, change: Any, mask: Any, immutable: frozenset[str]) -> Any:
    """Return a copy of ``current``, with the fields that a field mask names from ``change``.

    Raises:
        InvalidArgument: the mask is empty, or names a field that is unknown or immutable.
    """
    if not mask.paths:
        raise InvalidArgument("update_mask is empty")
    if not mask.IsValidForDescriptor(current.DESCRIPTOR):
        raise InvalidArgument("update_mask names an unknown field")
    if fixed := sorted(immutable.intersection(path.split(".")[0] for path in mask.paths)):
        raise InvalidArgument(f"update_mask names what cannot change: {', '.join(fixed)}")
    merged = type(current)()
    merged.CopyFrom(current)
    mask.MergeMessage(change, merged, replace_message_field=True, replace_repeated_field=True)
    return merged


def page(names: Iterable[str], request: Request) -> tuple[list[str], str]:
    """Return the page of names that a list request asks for, and the next page's token or ""."""
    remaining = sorted(name for name in names if name > request.page_token)
    size = request.page_size if request.page_size > 0 else len(remaining)
    listed = remaining[:size]
    return listed, listed[-1] if len(remaining) > size else ""


def in_project(names: Iterable[str], request: Request) -> list[str]:
    """Return the names of resources in the project that a list request names."""
    return [name for name in names if name.startswith(f"{request.project}/")]
