"""Chunks: the messages of one request that are published or spilled together."""

from collections.abc import Sequence

import msgspec

from functions.events.message import Message, pieces


class Chunk(msgspec.Struct, frozen=True):
    """Messages of one request that are published or spilled together.

    Attributes:
        messages: the messages, within the limits of one publish.
        size: their maximum size in bytes.
        until: the time limit of the request, in seconds of the monotonic clock.
    """

    messages: Sequence[Message]
    size: int
    until: float


def cut(messages: Sequence[Message], until: float) -> list[Chunk]:
    """Split the messages of one request into chunks within the limits of one publish."""
    if len(messages) == 1:  # the fast path of most requests
        return [Chunk(messages, messages[0].size, until)]
    return [Chunk(piece, size, until) for piece, size in pieces(messages)]
