"""What a sender is told: results for each event, and problem details (RFC 9457).

No answer repeats anything that the sender sent: it might be a secret or a person's data.
"""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from functions.acceptance.placement import REASONS, Placement
from functions.problem import MEDIA_TYPE

RETRY_SECONDS = 10
"""When to come again after a 503; long enough for a queue to drain or a broker to return."""


class Refusal(Exception):
    """Ends a request with an answer that is not 2xx.

    Args:
        answer: the answer.
    """

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


def ok() -> Response:
    """Answer a request that stores nothing."""
    return Response(b'{"status":"ok"}\n', 200, media_type="application/json")


class _Accepted(Response):
    """The answer that nearly every request gets, without what Starlette works out for it."""

    def __init__(self, body: bytes) -> None:
        self.status_code = 200
        self.background = None
        self.body = body
        self.raw_headers = [
            (b"content-length", b"%d" % len(body)),
            (b"content-type", b"application/json"),
        ]


def accepted_one(ingest_id: str) -> Response:
    """Answer a request of one event that is durable."""
    body = f'{{"accepted":1,"results":[{{"status":200,"ingest_id":"{ingest_id}"}}]}}\n'
    return _Accepted(body.encode())


def accepted(placements: Sequence[Placement], ingest_ids: Sequence[str | None]) -> Response:
    """Answer a request whose every event is durable and at least one was accepted."""
    body = {
        "accepted": sum(placement.status == 200 for placement in placements),
        "results": _results(placements, ingest_ids),
    }
    return _Accepted(msgspec.json.encode(body) + b"\n")


def refused(placements: Sequence[Placement], status: int) -> Response:
    """Answer a request of which nothing was accepted.

    Args:
        placements: of its events, in order.
        status: the answer's; its reason is the first event's that has it.
    """
    reason = next(placement.reason for placement in placements if placement.status == status)
    return problem(
        status,
        reason,
        REASONS[reason],
        field="value.project" if reason.startswith("project_") else None,
        results=_results(placements, [None] * len(placements)),
    )


def _results(
    placements: Sequence[Placement], ingest_ids: Sequence[str | None]
) -> list[dict[str, object]]:
    return [
        {"status": 200, "ingest_id": ingest_id}
        if placement.status == 200 and ingest_id
        else {"status": placement.status, "reason": placement.reason}
        if placement.reason
        else {"status": 421, "reason": "refused_together"}
        for placement, ingest_id in zip(placements, ingest_ids, strict=True)
    ]


def problem(
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
        status: HTTP's.
        reason: a code that a program can act on.
        detail: a sentence that a person can act on.
        field: the field that is at fault, where one is.
        results: one for each event, where the request had several.
        headers: further headers of the answer.
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
    """Answer 503: nothing is claimed to be stored, and the sender should come again."""
    return problem(503, reason, detail, headers={"Retry-After": str(RETRY_SECONDS)})


def not_allowed(allow: str, detail: str) -> Response:
    """Answer 405 with the methods that are allowed."""
    return problem(405, "method_not_allowed", detail, headers={"Allow": allow})


def unauthorized() -> Response:
    """Answer 401; it does not tell a missing token from a wrong one."""
    return problem(
        401,
        "token_unknown",
        "the token in the path or in Authorization: Bearer is missing or not valid",
        headers={"WWW-Authenticate": "Bearer"},
    )


def unsigned() -> Response:
    """Answer 401 to a request that its partner's signing secret did not sign just now."""
    return problem(
        401,
        "signature_invalid",
        "webhook-id, webhook-timestamp and webhook-signature are required: one is missing or"
        " malformed, the time is off, or no signature fits the body",
        headers={"WWW-Authenticate": "Bearer"},
    )


def too_many(limit: int) -> Response:
    """Answer 413 to a request of more than ``limit`` events."""
    return problem(413, "too_many_events", f"a request may have at most {limit} events")
