"""What of one request is made durable together."""

from collections.abc import Sequence

import msgspec

from functions.events.message import Message, pieces


class Chunk(msgspec.Struct, frozen=True):
    """Messages of one sender's request that are made durable together.

    Attributes:
        messages: at most as many as one publish takes.
        size: their bytes, at most.
        until: when the sender must have its answer, on the monotonic clock, in seconds.
    """

    messages: Sequence[Message]
    size: int
    until: float


def cut(messages: Sequence[Message], until: float) -> list[Chunk]:
    """Cut the messages of one request into pieces that a publish can take."""
    if len(messages) == 1:  # as most requests
        return [Chunk(messages, messages[0].size, until)]
    return [Chunk(piece, size, until) for piece, size in pieces(messages)]
