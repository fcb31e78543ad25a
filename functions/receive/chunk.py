"""Chunks: the messages of one request that are published or spilled together."""

from collections.abc import Sequence

import msgspec

from functions.events.message import Message, pieces


class Chunk(msgspec.Struct, frozen=True):
    """Messages of one request that are published or spilled together.

    Attributes:
        messages: the messages, which fit into one publish.
        size: the maximum number of bytes that these messages take in a publish.
        until: the moment by which the messages must be durable, as a time of the monotonic clock in
            seconds.
    """

    messages: Sequence[Message]
    size: int
    until: float


def cut(messages: Sequence[Message], until: float) -> list[Chunk]:
    """Split the messages of one request into chunks within the limits of one publish."""
    if len(messages) == 1:  # most requests take this fast path
        return [Chunk(messages, messages[0].size, until)]
    return [Chunk(piece, size, until) for piece, size in pieces(messages)]
