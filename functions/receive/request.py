"""Reads of a request what the receiver needs: where it goes, its token, its id.

Client address and other headers are never looked at, so they cannot be stored.
"""

from collections.abc import Mapping

from starlette.types import Scope

from functions.events.attributes import Kind
from functions.receive.answers import WebhookRefusal, not_allowed, webhook_problem

READS = frozenset({"GET", "HEAD"})
"""Methods that store nothing."""

WEBHOOKS: dict[str, Kind] = {"events": "chat", "rooms": "room"}
"""The kind of event that arrives under each path."""


HEALTH = "/health"

LENGTH_DIGITS = 18
"""The longest Content-Length that is worth reading as a number."""


def route(scope: Scope) -> tuple[Kind, str] | None:
    """Tell what a request is for.

    Returns:
        The kind of the webhook, and the path's token, empty where it has none; or None for a
        health check.

    Raises:
        WebhookRefusal: 404 for any other path, 405 for a method that it does not have.
    """
    path, method = scope["path"], scope["method"]
    if path == HEALTH:
        if method not in READS:
            raise WebhookRefusal(not_allowed("GET, HEAD", "health is read by GET"))
        return None
    target = _target(path)
    if target is None:
        raise WebhookRefusal(
            webhook_problem(404, "unknown_path", "the paths are /events, /rooms and /health")
        )
    if method == "POST":
        return target
    if method not in READS:
        raise WebhookRefusal(not_allowed("GET, HEAD, POST", "events are sent by POST"))
    if scope["query_string"]:
        raise WebhookRefusal(not_allowed("POST", "events are sent by POST, not in a query string"))
    return target


def _target(path: str) -> tuple[Kind, str] | None:
    webhook, slash, token = path.removeprefix("/").partition("/")
    kind = WEBHOOKS.get(webhook)
    if kind is None or "/" in token or (slash and not token):
        return None
    return kind, token


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """Return the headers of a request by lower-case names; of repeated ones the first."""
    return dict(reversed(scope["headers"]))


def bearer_token(headers: Mapping[bytes, bytes]) -> str:
    """Return the token of ``Authorization: Bearer``, empty where there is none."""
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def sender_id(headers: Mapping[bytes, bytes]) -> str:
    """Return the sender's own id of the request, the same on each of its retries."""
    own = headers.get(b"webhook-id") or headers.get(b"idempotency-key") or b""
    return own.decode("latin-1")


def announces_more(headers: Mapping[bytes, bytes], limit: int) -> bool:
    """Say whether the length that a request announces for its body is over the limit."""
    length = headers.get(b"content-length", b"")
    return length.isdigit() and (len(length) > LENGTH_DIGITS or int(length) > limit)
