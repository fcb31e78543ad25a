"""Chunks: groups of messages of one request. A chunk is published or spilled as a whole."""

from collections.abc import Sequence

import msgspec

from functions.events.message import Message, pieces


class Chunk(msgspec.Struct, frozen=True):
    """Messages of one request that are published or spilled together.

    Attributes:
        messages: the messages, which fit into one publish.
        size: the maximum number of bytes that these messages add to a publish request.
        until: when the messages must be durable: a time of the monotonic clock in seconds.
    """

    messages: Sequence[Message]
    size: int
    until: float


def cut(messages: Sequence[Message], until: float) -> list[Chunk]:
    """Split the messages of one request into chunks, each of which fits into one publish.

    Args:
        messages: the messages, at least one.
        until: when they must be durable: a time of the monotonic clock in seconds.
    """
    if len(messages) == 1:  # most requests have one event
        return [Chunk(messages, messages[0].size, until)]
    return [Chunk(piece, size, until) for piece, size in pieces(messages)]
