"""Reads of a request what the receiver needs: where it goes, its token, its body.

Client address and other headers are never looked at, so they cannot be stored.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from functions.events.envelope import Kind
from functions.receive.answers import Refusal, not_allowed, problem

READS = frozenset({"GET", "HEAD"})
"""Methods that store nothing."""

WEBHOOKS: dict[str, Kind] = {"events": "chat", "rooms": "room"}
"""The kind of event that arrives under each path."""


class Target(msgspec.Struct, frozen=True, gc=False):
    """What a path means.

    Attributes:
        kind: of the webhook.
        token: the path's token, empty where the path has none.
    """

    kind: Kind
    token: str


HEALTH = "/health"

LENGTH_DIGITS = 18
"""The longest Content-Length that is worth reading as a number."""


def route(request: Request) -> Target | None:
    """Tell what a request is for; None for a health check.

    Raises:
        Refusal: 404 for any other path, 405 for a method that it does not have.
    """
    path, method = request.scope["path"], request.scope["method"]
    if path == HEALTH:
        if method not in READS:
            raise Refusal(not_allowed("GET, HEAD", "health is read by GET"))
        return None
    target = _target(path)
    if target is None:
        raise Refusal(problem(404, "unknown_path", "the paths are /events, /rooms and /health"))
    if method in READS and request.scope["query_string"]:
        raise Refusal(not_allowed("POST", "events are sent by POST, not in a query string"))
    if method not in READS and method != "POST":
        raise Refusal(not_allowed("GET, HEAD, POST", "events are sent by POST"))
    return target


def _target(path: str) -> Target | None:
    webhook, slash, token = path.removeprefix("/").partition("/")
    kind = WEBHOOKS.get(webhook)
    if kind is None or "/" in token or (slash and not token):
        return None
    return Target(kind, token)


def bearer_token(request: Request) -> str:
    """Return the token of ``Authorization: Bearer``, empty where there is none."""
    scheme, _, token = _header(request, b"authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def sender_id(request: Request) -> str:
    """Return the sender's own id of the request, the same on each of its retries."""
    return _header(request, b"webhook-id") or _header(request, b"idempotency-key")


def _header(request: Request, name: bytes) -> str:
    """Return a header's first value, empty where there is none.

    Starlette's own look-up encodes and compares at four times the cost, and a request needs four.
    """
    for key, value in request.scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return ""


async def read_body(request: Request, receive: Receive, limit: int) -> bytes:
    """Read the body, at most ``limit`` bytes of it.

    Args:
        request: whose body it is.
        receive: what to read it with, instead of the request's own.
        limit: the most bytes that it may have.

    Raises:
        Refusal: 413, it is longer or says so; 400, the sender went away before its end.
    """
    declared = _header(request, b"content-length")
    if declared.isdecimal() and (len(declared) > LENGTH_DIGITS or int(declared) > limit):
        raise Refusal(_too_large(limit))
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(
                problem(400, "body_incomplete", "the connection ended before the body did")
            )
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise Refusal(_too_large(limit))
        chunks.append(chunk)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(limit: int) -> Response:
    return problem(413, "request_too_large", f"a request may have at most {limit} bytes")
