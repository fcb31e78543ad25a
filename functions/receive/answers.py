"""Responses to senders: a result for each event, or problem details (RFC 9457).

A response never quotes the request, which may contain secrets or personal data.
"""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from functions.acceptance import reasons
from functions.acceptance.placement import Placement
from functions.acceptance.reasons import EVENT_AMBIGUOUS, EVENT_MISPLACED, Reason
from functions.events.message import Message
from functions.web.problem import MEDIA_TYPE
from functions.web.server import Ready

RETRY_SECONDS = 10
"""The `Retry-After` of a 503: the sender should wait this many seconds before it retries. In this
time, a full queue can drain, or a service can recover."""

FULL_RETRY_SECONDS = 3_600
"""The `Retry-After` of a 429, in seconds. The limit ends at midnight UTC at the latest."""

_RETRY = {"Retry-After": str(RETRY_SECONDS)}
_RETRY_FULL = {"Retry-After": str(FULL_RETRY_SECONDS)}
_RETRY_OF = {429: _RETRY_FULL, 503: _RETRY}
_AUTHENTICATE = {"WWW-Authenticate": "Bearer"}

_TOGETHER: dict[int, dict[str, object]] = {
    reason.status: {"status": reason.status, "reason": reason.code}
    for reason in (reasons.TOGETHER_ELSEWHERE, reasons.TOGETHER_DISPUTED, reasons.TOGETHER_FULL)
}
"""A request with one of these statuses is refused as a whole. In the response, each valid event of
the request has this result."""

_JSON = (b"content-type", b"application/json")


class WebhookRefusal(Exception):
    """Ends a request with a response that is not 2xx.

    Args:
        answer: the response to send.
    """

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


def ok() -> Response:
    """Return a 200, for a health check or for a GET or HEAD with a valid token."""
    return Response(b'{"status":"ok"}\n', 200, media_type="application/json")


def accepted_one(ingest_id: str) -> Ready:
    """Return the response to a request whose only event is accepted and durable."""
    body = f'{{"accepted":1,"results":[{{"status":200,"ingest_id":"{ingest_id}"}}]}}\n'
    return _accepted(body.encode())


def _accepted(body: bytes) -> Ready:
    return Ready(200, ((b"content-length", b"%d" % len(body)), _JSON), body)


def accepted(placements: Sequence[Placement], messages: Sequence[Message]) -> Ready:
    """Return the response to a request with at least one accepted event.

    All accepted events must be durable, and all refused events must be quarantined.

    Args:
        placements: the decision about each event of the request, in order.
        messages: the message of each accepted event, in order.
    """
    ingest_ids = (message.attributes.ingest_id for message in messages)
    results = [
        _refusal(placement) if placement.reason else {"status": 200, "ingest_id": next(ingest_ids)}
        for placement in placements
    ]
    body = {"accepted": len(messages), "results": results}
    return _accepted(msgspec.json.encode(body) + b"\n")


def none_accepted(placements: Sequence[Placement]) -> Response:
    """Return the response to a request if each of its events is refused for its own reason.

    If the events have different statuses, the status of the response is 422 if an event has this
    status; otherwise it is the status of the first event.

    Args:
        placements: the decision about each event of the request, in order.
    """
    statuses = [placement.status for placement in placements]
    return refused(placements, 422 if 422 in statuses else statuses[0])


def refused(placements: Sequence[Placement], status: int) -> Response:
    """Return the response to a request if none of its events is accepted.

    Args:
        placements: the decision about each event of the request, in order.
        status: the HTTP status of the response. The response gives the reason of the first event
            that has this status.
    """
    code = next(placement.reason for placement in placements if placement.status == status)
    return webhook_problem(
        reasons.OF_EVENTS[code],
        field=_field(code),
        results=[
            _refusal(placement) if placement.reason else _TOGETHER[status]
            for placement in placements
        ],
        headers=_RETRY_OF.get(status),
    )


def _field(code: str) -> str | None:
    """Return the field that an event's reason code is about; None if it is about the whole event.

    The event's name stands for all that makes an event: `event`, `value` and `data`.
    """
    if code.startswith("project_"):
        return "value.project"
    return "event" if code in {EVENT_AMBIGUOUS.code, EVENT_MISPLACED.code} else None


def _refusal(placement: Placement) -> dict[str, object]:
    return {"status": placement.status, "reason": placement.reason}


def webhook_problem(
    reason: Reason,
    detail: str = "",
    *,
    field: str | None = None,
    results: list[dict[str, object]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a response with problem details.

    Args:
        reason: the reason of the refusal, with its status, code and detail.
        detail: a more precise sentence, which replaces the reason's detail.
        field: the field of the event that is wrong; None if there is no such field.
        results: a result for each event; None if the request could not be split into events.
        headers: additional response headers.
    """
    members = {
        "type": "about:blank",
        "status": reason.status,
        "reason": reason.code,
        "detail": detail or reason.detail,
    }
    optional = {"field": field, "results": results}
    body = members | {name: member for name, member in optional.items() if member is not None}
    return Response(
        msgspec.json.encode(body) + b"\n",
        reason.status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def unavailable(reason: Reason, detail: str = "") -> Response:
    """Return a 503, which tells the sender to retry, because the events may not be stored."""
    return webhook_problem(reason, detail, headers=_RETRY)


def quarantine_full() -> Response:
    """Return a 429: the body cannot be split into events, and is not kept."""
    return webhook_problem(reasons.QUARANTINE_FULL, headers=_RETRY_FULL)


def not_allowed(allow: str, detail: str) -> Response:
    """Return a 405. The text ``allow`` lists the allowed methods."""
    return webhook_problem(reasons.METHOD_NOT_ALLOWED, detail, headers={"Allow": allow})


def unauthorized() -> Response:
    """Return a 401. The response does not say whether the token is missing or wrong."""
    return webhook_problem(reasons.TOKEN_UNKNOWN, headers=_AUTHENTICATE)


def unsigned() -> Response:
    """Return a 401, for a request whose required signature is missing or not valid."""
    return webhook_problem(reasons.SIGNATURE_INVALID, headers=_AUTHENTICATE)


def too_large(limit: int) -> Response:
    """Return a 413, for a request with more than ``limit`` bytes."""
    reason = reasons.REQUEST_TOO_LARGE
    return webhook_problem(reason, reason.detail.format(limit=limit))


def inflates_too_much() -> Response:
    """Return a 413: the inflated body is too large."""
    detail = "the body is too large after it is inflated, or for its compressed size"
    return webhook_problem(reasons.REQUEST_TOO_LARGE, detail)


def unsupported_encoding(accepted: Sequence[str]) -> Response:
    """Return a 415 that names the accepted content codings (RFC 9110, section 15.5.16)."""
    headers = {"Accept-Encoding": ", ".join(accepted)}
    return webhook_problem(reasons.ENCODING_UNSUPPORTED, headers=headers)


def broken() -> Response:
    """Return a 400: the compressed body cannot be inflated."""
    return webhook_problem(reasons.BODY_BROKEN)


def incomplete() -> Response:
    """Return a 400, for a connection that ended before the whole body arrived."""
    return webhook_problem(reasons.BODY_INCOMPLETE)


def late(seconds: float) -> Response:
    """Return a 408, for a body that did not arrive within the time limit.

    The response closes the connection, because the rest of the body is not read.
    """
    reason = reasons.BODY_LATE
    detail = reason.detail.format(seconds=seconds)
    return webhook_problem(reason, detail, headers={"Connection": "close"})


def too_many(limit: int) -> Response:
    """Return a 413, for a request with more than ``limit`` events."""
    reason = reasons.TOO_MANY_EVENTS
    return webhook_problem(reason, reason.detail.format(limit=limit))
