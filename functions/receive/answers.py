"""Responses to senders: a result for each event, or problem details (RFC 9457).

A response never quotes the request, which may contain secrets or personal data.
"""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from functions.acceptance.placement import REASONS, Placement
from functions.events.message import Message
from functions.web.problem import MEDIA_TYPE

RETRY_SECONDS = 10
"""The seconds of Retry-After in a 503: enough for a queue to drain or a service to recover."""

_COME_AGAIN = {"Retry-After": str(RETRY_SECONDS)}

_TOGETHER = {
    421: {"status": 421, "reason": "refused_together"},
    503: {"status": 503, "reason": "refused_together"},
}
"""The results of valid events in a request that is refused as a whole, by its status."""

_JSON = (b"content-type", b"application/json")


class WebhookRefusal(Exception):
    """Ends a request with a response that is not 2xx.

    Args:
        answer: the response.
    """

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


def ok() -> Response:
    """Answer a request that stores nothing."""
    return Response(b'{"status":"ok"}\n', 200, media_type="application/json")


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The response of nearly every request; sending it costs less than a Starlette response.

    Attributes:
        body: the body, JSON.
    """

    body: bytes

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the response."""
        headers = ((b"content-length", b"%d" % len(self.body)), _JSON)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def accepted_one(ingest_id: str) -> Accepted:
    """Answer a request with one event, which is durable."""
    body = f'{{"accepted":1,"results":[{{"status":200,"ingest_id":"{ingest_id}"}}]}}\n'
    return Accepted(body.encode())


def accepted(placements: Sequence[Placement], messages: Sequence[Message]) -> Accepted:
    """Answer a request whose events are all durable, and at least one of them accepted.

    Args:
        placements: the placements of the request's events, in order.
        messages: the messages of the accepted events, in order.
    """
    ingest_ids = (message.attributes.ingest_id for message in messages)
    results = [
        _refusal(placement) if placement.reason else {"status": 200, "ingest_id": next(ingest_ids)}
        for placement in placements
    ]
    body = {"accepted": len(messages), "results": results}
    return Accepted(msgspec.json.encode(body) + b"\n")


def refused(placements: Sequence[Placement], status: int) -> Response:
    """Answer a request without any accepted event.

    Args:
        placements: the placements of the request's events, in order.
        status: the status of the response; the reason is that of the first event with this status.
    """
    reason = next(placement.reason for placement in placements if placement.status == status)
    return webhook_problem(
        status,
        reason,
        REASONS[reason],
        field="value.project" if reason.startswith("project_") else None,
        results=[
            _refusal(placement) if placement.reason else _TOGETHER[status]
            for placement in placements
        ],
        headers=_COME_AGAIN if status == 503 else None,
    )


def _refusal(placement: Placement) -> dict[str, object]:
    return {"status": placement.status, "reason": placement.reason}


def webhook_problem(
    status: int,
    reason: str,
    detail: str,
    *,
    field: str | None = None,
    results: list[dict[str, object]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with problem details.

    Args:
        status: the HTTP status.
        reason: the reason code, for programs.
        detail: a sentence that says what is wrong and what to do, for people.
        field: the faulty field, if there is one.
        results: a result for each event, if the response has them.
        headers: more headers of the response.
    """
    members = {"type": "about:blank", "status": status, "reason": reason, "detail": detail}
    optional = {"field": field, "results": results}
    body = members | {name: member for name, member in optional.items() if member is not None}
    return Response(
        msgspec.json.encode(body) + b"\n",
        status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def unavailable(reason: str, detail: str) -> Response:
    """Answer 503: the request is not stored, or only in part, and the sender should retry."""
    return webhook_problem(503, reason, detail, headers=_COME_AGAIN)


def not_allowed(allow: str, detail: str) -> Response:
    """Answer 405, with the allowed methods."""
    return webhook_problem(405, "method_not_allowed", detail, headers={"Allow": allow})


def unauthorized() -> Response:
    """Answer 401, in the same way for a missing token and a wrong one."""
    return webhook_problem(
        401,
        "token_unknown",
        "the token in the path or in Authorization: Bearer is missing or not valid",
        headers={"WWW-Authenticate": "Bearer"},
    )


def unsigned() -> Response:
    """Answer 401 to a request without a valid and recent signature of its partner."""
    return webhook_problem(
        401,
        "signature_invalid",
        "webhook-id, webhook-timestamp and webhook-signature are required: one is missing or"
        " malformed, the time is too far from now, or no signature matches the body",
        headers={"WWW-Authenticate": "Bearer"},
    )


def too_large(limit: int) -> Response:
    """Answer 413 to a request with more than ``limit`` bytes."""
    return webhook_problem(413, "request_too_large", f"a request may have at most {limit} bytes")


def incomplete() -> Response:
    """Answer 400 to a request whose connection ended before its body."""
    return webhook_problem(400, "body_incomplete", "the connection ended before the body did")


def late(seconds: float) -> Response:
    """Answer 408 to a request whose body did not end in time; the rest is not read."""
    return webhook_problem(
        408,
        "body_late",
        f"the body must arrive within {seconds:g} seconds",
        headers={"Connection": "close"},
    )


def too_many(limit: int) -> Response:
    """Answer 413 to a request with more than ``limit`` events."""
    return webhook_problem(413, "too_many_events", f"a request may have at most {limit} events")
