"""Reads a webhook's path and token, and the id that the sender gave the request.

This module reads no IP address. The only headers that it reads are Authorization, webhook-id,
svix-id, Idempotency-Key and Content-Length.
"""

from collections.abc import Iterable, Mapping

from starlette.types import Scope

from functions.acceptance import reasons
from functions.events.attributes import Kind
from functions.receive.answers import WebhookRefusal, not_allowed, webhook_problem

READS = frozenset({"GET", "HEAD"})
"""The HTTP methods that store nothing."""

WEBHOOKS: dict[str, Kind] = {"events": "chat", "rooms": "room"}
"""The kind of webhook for each path, such as ``/events``."""

HEALTH = "/health"

LENGTH_DIGITS = 18
"""A Content-Length with more digits than this is above every limit, so it is not converted to a
number."""


def route(scope: Scope) -> tuple[Kind, str] | None:
    """Find the webhook that a request is for.

    Returns:
        The kind of the webhook, and the token in the path (empty if there is none); None for a
        health check.

    Raises:
        WebhookRefusal: 404 for an unknown path, 405 for a method that the path does not allow,
            405 for a GET or HEAD of a webhook's path with a query string.
    """
    path, method = scope["path"].removesuffix("/"), scope["method"]
    if path == HEALTH:
        if method not in READS:
            raise WebhookRefusal(not_allowed("GET, HEAD", "read the health check with GET"))
        return None
    target = _target(path)
    if target is None:
        raise WebhookRefusal(webhook_problem(reasons.UNKNOWN_PATH))
    if method == "POST":
        return target
    if method not in READS:
        raise WebhookRefusal(not_allowed("GET, HEAD, POST", "send events with POST"))
    if scope["query_string"]:
        raise WebhookRefusal(not_allowed("POST", "send events with POST, not in a query string"))
    return target


def _target(path: str) -> tuple[Kind, str] | None:
    webhook, slash, token = path.removeprefix("/").partition("/")
    kind = WEBHOOKS.get(webhook)
    if kind is None or "/" in token or (slash and not token):
        return None
    return kind, token


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """Return a request's headers by lower-case name; if a header is repeated, its first value."""
    return dict(reversed(scope["headers"]))


def bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the token of ``Authorization: Bearer``; empty if there is none, or if it is not clear.

    Args:
        headers: all headers of the request. If it has two with the name ``Authorization``, another
            system on the way may have checked the one that does not count here.
    """
    values = [value for name, value in headers if name == b"authorization"]
    if len(values) != 1:
        return ""
    scheme, _, token = values[0].decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def sender_id(headers: Mapping[bytes, bytes]) -> str:
    """Return the id that the sender gave the request; empty if there is none.

    A sender gives each retry the id of the first attempt. If the request is signed, the signature
    covers this id: a request whose ``webhook-id`` and ``svix-id`` differ is refused.
    """
    given = headers.get(b"webhook-id") or headers.get(b"svix-id") or headers.get(b"idempotency-key")
    return given.decode("latin-1") if given else ""


def announces_more(headers: Mapping[bytes, bytes], limit: int) -> bool:
    """Return whether a request's Content-Length is above ``limit``, the maximum number of bytes."""
    length = headers.get(b"content-length", b"")
    return length.isdigit() and (len(length) > LENGTH_DIGITS or int(length) > limit)
