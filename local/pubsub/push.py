"""Push delivery: one POST per message; the status of the response acknowledges the message or not.

Source: https://cloud.google.com/pubsub/docs/push#receive_push.
"""

import asyncio
import base64
from collections.abc import Callable
from functools import lru_cache

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp

from local.pubsub.backlog import Lease
from local.pubsub.http import Poster
from local.pubsub.messages import PubsubMessage, Request
from local.pubsub.subscription import Subscription

ACKNOWLEDGING = frozenset({102, 200, 201, 202, 204})
MAX_IN_FLIGHT = 100
"""How many pushes of one subscription are under way at most, unless the caller says otherwise."""

TOKEN_SECONDS = 3600

_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "From": "noreply@google.com",
    "User-Agent": "CloudPubSub-Google",
}
_encode = msgspec.json.Encoder().encode


class Pusher:
    """Delivers one subscription's messages to its push endpoint.

    Args:
        subscription: a subscription with a push endpoint.
        now: returns the time, in seconds since the epoch.
        max_in_flight: how many pushes may be under way at a time.
    """

    def __init__(
        self, subscription: Subscription, now: Callable[[], float], max_in_flight: int
    ) -> None:
        self._subscription = subscription
        self._now = now
        self._free = max_in_flight
        self._poster = Poster(subscription.config.push_config.push_endpoint)
        self._headers = dict(_HEADERS)
        self._token_until = 0.0
        self._deliveries: set[asyncio.Task[None]] = set()
        self._scheduled = False
        self._closed = False
        subscription.listeners.add(self._schedule)
        self._schedule()

    async def close(self) -> None:
        """Cancel the pushes that are under way; their messages become ready again."""
        self._closed = True
        self._subscription.listeners.discard(self._schedule)
        deliveries = tuple(self._deliveries)
        for delivery in deliveries:
            delivery.cancel()
        await asyncio.gather(*deliveries, return_exceptions=True)
        self._poster.close()

    def _schedule(self) -> None:
        """Start pushes after the caller is done, so that a publish does not wait for its pushes."""
        if not self._scheduled and self._free:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._scheduled = False
        if self._closed or self._subscription.deleted:
            return
        for lease in self._subscription.backlog.take(self._free, self._now()):
            self._free -= 1
            delivery = asyncio.create_task(self._deliver(lease))
            self._deliveries.add(delivery)
            delivery.add_done_callback(self._delivered)

    def _delivered(self, delivery: asyncio.Task[None]) -> None:
        self._deliveries.discard(delivery)
        self._free += 1
        self._schedule()

    async def _deliver(self, lease: Lease) -> None:
        backlog, config = self._subscription.backlog, self._subscription.config
        attempt = lease.pending.attempts if config.HasField("dead_letter_policy") else None
        body = push_body(lease.pending.message, config.name, attempt)
        acknowledged = False
        try:
            async with asyncio.timeout(backlog.delivery.ack_deadline):
                status = await self._poster.post(self._authorized_headers(), body)
            acknowledged = status in ACKNOWLEDGING
        except OSError:
            pass  # no response came in time
        finally:
            if acknowledged:
                backlog.acknowledge([lease.ack_id])
            else:
                backlog.fail([lease.ack_id], self._now())

    def _authorized_headers(self) -> dict[str, str]:
        push_config, now = self._subscription.config.push_config, self._now()
        if push_config.HasField("oidc_token") and now >= self._token_until:
            self._headers["Authorization"] = f"Bearer {unsigned_token(push_config, now)}"
            self._token_until = now + TOKEN_SECONDS / 2
        return self._headers


def push_body(message: PubsubMessage, subscription: str, attempt: int | None) -> bytes:
    """Write the body of a push request.

    Args:
        message: the message to deliver.
        subscription: the full name of the subscription.
        attempt: the number of this delivery, from 1; None without a dead-letter policy.
    """
    published = _rfc3339(message.publish_time.seconds, message.publish_time.nanos)
    wrapped: dict[str, object] = {
        "attributes": dict(message.attributes),
        "data": message.data,  # becomes base64
        "messageId": message.message_id,
        "message_id": message.message_id,
        "publishTime": published,
        "publish_time": published,
    }
    envelope: dict[str, object] = {"message": wrapped, "subscription": subscription}
    if attempt is not None:
        envelope["deliveryAttempt"] = attempt
    return _encode(envelope)


def unsigned_token(push_config: Request, now: float) -> str:
    """Return the identity token of a push, with Google's claims, but without a valid signature.

    A function on Cloud Run does not see a signature either: Cloud Run verifies and removes it.
    """
    oidc, issued = push_config.oidc_token, int(now)
    claims = {
        "iss": "https://accounts.google.com",
        "aud": oidc.audience or push_config.push_endpoint,
        "email": oidc.service_account_email,
        "email_verified": True,
        "iat": issued,
        "exp": issued + TOKEN_SECONDS,
    }
    parts = [
        base64.urlsafe_b64encode(_encode(part)).rstrip(b"=").decode()
        for part in ({"alg": "none", "typ": "JWT"}, claims)
    ]
    return ".".join([*parts, "SIGNATURE_REMOVED_BY_GOOGLE"])


@lru_cache(maxsize=1024)
def _rfc3339(seconds: int, nanos: int) -> str:
    return Timestamp(seconds=seconds, nanos=nanos).ToJsonString()
