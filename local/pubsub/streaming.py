"""The server's part of one StreamingPull."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from local.pubsub.errors import InvalidArgument, NotFound
from local.pubsub.limits import ACK_DEADLINE, MODIFIED_ACK_DEADLINE, check_range
from local.pubsub.messages import Request, Response, protobuf
from local.pubsub.subscription import Subscription

MESSAGES_PER_RESPONSE = 1000

_StreamingPullResponse = protobuf("StreamingPullResponse")


class Stream:
    """Sends a subscription's messages to one receiver, as far as the receiver's limits allow.

    Args:
        subscription: the subscription that is pulled.
        opening: the first request of the stream; it has the limits.
        now: returns the time, in seconds since the epoch.

    Raises:
        InvalidArgument: the opening asks for a deadline that is not between 10 and 600 s.
    """

    def __init__(
        self, subscription: Subscription, opening: Request, now: Callable[[], float]
    ) -> None:
        self._subscription = subscription
        self._now = now
        self._deadline = _stream_deadline(opening)
        self._max_messages = opening.max_outstanding_messages
        self._max_bytes = opening.max_outstanding_bytes
        self._changed = asyncio.Event()
        self._ended = False
        self._outstanding: dict[str, int] = {}  # bytes of each delivery that is not acknowledged

    def take_in(self, request: Request) -> None:
        """Apply a request of the receiver: acknowledgements and new deadlines.

        Raises:
            InvalidArgument: a deadline is out of range, or ids and deadlines differ in number.
        """
        seconds, ack_ids = request.modify_deadline_seconds, request.modify_deadline_ack_ids
        if len(seconds) != len(ack_ids):
            raise InvalidArgument("modify_deadline_seconds and _ack_ids differ in length")
        for new_deadline in seconds:
            check_range(new_deadline, MODIFIED_ACK_DEADLINE, "modify_deadline_seconds")
        if request.stream_ack_deadline_seconds:
            self._deadline = _stream_deadline(request)
        self._subscription.acknowledge(request.ack_ids)
        for ack_id, new_deadline in zip(ack_ids, seconds, strict=True):
            self._subscription.extend([ack_id], new_deadline, self._now())

    def hang_up(self, _listener: object = None) -> None:
        """End the responses, because the receiver sends no more requests."""
        self._ended = True
        self._changed.set()

    async def responses(self) -> AsyncGenerator[Response, None]:
        """Yield responses with messages, when messages come or acknowledgements make room.

        Raises:
            NotFound: the subscription was deleted.
        """
        self._subscription.listeners.add(self._changed.set)
        try:
            while not self._ended:
                self._changed.clear()
                if self._subscription.deleted:
                    raise NotFound(f"subscription not found: {self._subscription.config.name}")
                if received := self._take():
                    yield _StreamingPullResponse(received_messages=received)
                else:
                    await self._changed.wait()
        finally:
            self._subscription.listeners.discard(self._changed.set)

    def _take(self) -> list[Response]:
        backlog = self._subscription.backlog
        self._outstanding = {
            ack_id: size for ack_id, size in self._outstanding.items() if ack_id in backlog
        }
        room = MESSAGES_PER_RESPONSE
        if self._max_messages > 0:
            room = min(room, self._max_messages - len(self._outstanding))
        received: list[Response] = []
        total = sum(self._outstanding.values())
        while len(received) < room and not 0 < self._max_bytes <= total:
            leases = backlog.take(1, self._now(), self._deadline)
            if not leases:
                break
            received.append(self._subscription.received(leases[0]))
            size = received[-1].message.ByteSize()
            self._outstanding[leases[0].ack_id] = size
            total += size
        return received


def _stream_deadline(request: Request) -> int:
    seconds: int = request.stream_ack_deadline_seconds
    check_range(seconds, ACK_DEADLINE, "stream_ack_deadline_seconds")
    return seconds
