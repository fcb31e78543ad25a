"""Lists all reasons for which `receive` refuses a request or an event.

`make generate` copies the list to docs/webhook-contract.md, docs/openapi.yaml, docs/operations.md
and the alerts of the Terraform module.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason to refuse a request or an event.

    Attributes:
        status: the HTTP status.
        code: the reason code, for programs; it is also in the log line ``received``.
        detail: the sentence in the response, for people; may have a placeholder such as
            ``{limit}``.
        meaning: the description of the reason in docs/webhook-contract.md.
        retry: the advice whether to retry, in docs/webhook-contract.md.
        too_many: the number of refusals in 15 minutes at which an alert fires.
        of: the part that is refused. ``request``: the whole request. ``event``: one event; the
            reason is in ``results``, and is also the reason of the request if no event was
            accepted. ``neighbour``: a valid event in a request that is refused because of another
            event; the reason is in ``results``.
    """

    status: int
    code: str
    detail: str = ""
    meaning: str
    retry: str
    too_many: int
    of: Literal["request", "event", "neighbour"] = "request"


NOT_JSON = Reason(
    status=400,
    code="not_json",
    detail="the body is not JSON",
    meaning="the body, or one line of it, is not JSON in UTF-8; it was quarantined",
    retry="no; correct the sender",
    too_many=10,
    of="event",
)
BODY_INCOMPLETE = Reason(
    status=400,
    code="body_incomplete",
    detail="the connection ended before the body did",
    meaning="the connection ended before the body did; nothing was stored",
    retry="yes",
    too_many=100,
)
BODY_BROKEN = Reason(
    status=400,
    code="body_broken",
    detail="the compressed body is damaged, or ends too early",
    meaning="the compressed body is damaged, or ends too early; nothing was stored",
    retry="yes, once; if it fails again, correct the sender",
    too_many=10,
)
TOKEN_UNKNOWN = Reason(
    status=401,
    code="token_unknown",
    detail="the token in the path or in Authorization: Bearer is missing or not valid",
    meaning="the token is missing or not valid",
    retry="no; correct the token",
    too_many=100,
)
SIGNATURE_INVALID = Reason(
    status=401,
    code="signature_invalid",
    detail="webhook-id, webhook-timestamp and webhook-signature are required: one is missing or"
    " malformed, the time is too far from now, no signature matches the body, or svix- headers"
    " differ from them",
    meaning="a signature is required: a header is missing or malformed, the time is too far from"
    " now, no signature matches the body, or the `webhook-` and `svix-` headers differ",
    retry="no, unless your clock was wrong",
    too_many=10,
)
UNKNOWN_PATH = Reason(
    status=404,
    code="unknown_path",
    detail="the paths are /events, /rooms and /health",
    meaning="the path does not exist",
    retry="no; correct the URL",
    too_many=1000,
)
METHOD_NOT_ALLOWED = Reason(
    status=405,
    code="method_not_allowed",
    detail="the path does not have this method",
    meaning="the path does not have this method; `Allow` lists the methods that it has",
    retry="no; use POST",
    too_many=100,
)
BODY_LATE = Reason(
    status=408,
    code="body_late",
    detail="the body must arrive within {seconds:g} seconds",
    meaning="the body did not end within 20 seconds; nothing was stored, and the connection is"
    " closed",
    retry="yes",
    too_many=100,
)
REQUEST_TOO_LARGE = Reason(
    status=413,
    code="request_too_large",
    detail="a request may have at most {limit} bytes",
    meaning="the request has too many bytes; nothing was stored",
    retry="no; send it in parts",
    too_many=10,
)
TOO_MANY_EVENTS = Reason(
    status=413,
    code="too_many_events",
    detail="a request may have at most {limit} events",
    meaning="the request has too many events; nothing was stored",
    retry="no; send it in parts",
    too_many=10,
)
EVENT_TOO_LARGE = Reason(
    status=413,
    code="event_too_large",
    detail="the event is larger than the limit for one event",
    meaning="the event is too large; it was quarantined",
    retry="no",
    too_many=10,
    of="event",
)
ENCODING_UNSUPPORTED = Reason(
    status=415,
    code="encoding_unsupported",
    detail="Content-Encoding may be gzip or deflate, and only one of them",
    meaning="`Content-Encoding` is not `gzip` or `deflate`, or it has several codings; nothing was"
    " stored. `Accept-Encoding` lists the codings that are accepted",
    retry="no; send the body without compression, or with gzip",
    too_many=10,
)
PROJECT_ELSEWHERE = Reason(
    status=421,
    code="project_elsewhere",
    detail="value.project is pinned to another cell; send it to that cell's URL",
    meaning="your project is pinned to another cell; nothing was stored",
    retry="no; send it to that cell's URL",
    too_many=10,
    of="event",
)
TOGETHER_ELSEWHERE = Reason(
    status=421,
    code="refused_together",
    meaning="only in `results`: this event is valid, but was not stored, because an event of the"
    " same request belongs to another cell",
    retry="yes; send the events of each cell in a separate request",
    too_many=100,
    of="neighbour",
)
PROJECT_MISSING = Reason(
    status=422,
    code="project_missing",
    detail="value.project is missing, and the partner has more than one project",
    meaning="`value.project` is missing, and you have several projects; the event was quarantined",
    retry="no",
    too_many=10,
    of="event",
)
PROJECT_UNKNOWN = Reason(
    status=422,
    code="project_unknown",
    detail="value.project is not a project of this partner",
    meaning="`value.project` is not a project of yours; the event was quarantined",
    retry="no",
    too_many=10,
    of="event",
)
EVENT_AMBIGUOUS = Reason(
    status=422,
    code="event_ambiguous",
    detail="event is sent twice with different names, value or data is sent twice, or data has"
    " another event",
    meaning="the event is not clear: `event` is sent twice with different names, `value` or `data`"
    " is sent twice, or `data` has another event; it was quarantined",
    retry="no; correct the sender",
    too_many=10,
    of="event",
)
EVENT_MISPLACED = Reason(
    status=422,
    code="event_misplaced",
    detail='an event was found, but not in the form {"event": ..., "value": {...}}',
    meaning="an event was found, but in a place where events are not read; it was quarantined",
    retry="no; correct the sender",
    too_many=10,
    of="event",
)
PROJECT_AMBIGUOUS = Reason(
    status=422,
    code="project_ambiguous",
    detail="project is sent more than once, with different names",
    meaning="the event has two different projects; it was quarantined",
    retry="no; correct the sender",
    too_many=10,
    of="event",
)
NOT_PUBLISHABLE = Reason(
    status=422,
    code="not_publishable",
    detail="Pub/Sub refuses the form of this event",
    meaning="Pub/Sub refuses the form of the event; the event was quarantined",
    retry="no",
    too_many=1,
    of="event",
)
QUARANTINE_FULL = Reason(
    status=429,
    code="quarantine_full",
    detail="the body or an event cannot be accepted, and today's quota of quarantine is used up",
    meaning="the body or the event cannot be accepted, and your quota of quarantine for today is"
    " used up; nothing of the request was stored",
    retry="yes, without the events that have this reason; otherwise after midnight UTC",
    too_many=1,
    of="event",
)
TOGETHER_FULL = Reason(
    status=429,
    code="refused_together",
    meaning="only in `results`: this event is valid, but was not stored, because another event of"
    " the same request was refused and could not be quarantined",
    retry="yes; send it without the others",
    too_many=100,
    of="neighbour",
)
PARTNERS_UNAVAILABLE = Reason(
    status=503,
    code="partners_unavailable",
    detail="tokens cannot be checked now",
    meaning="tokens cannot be checked now, or your token is unknown but may be new; nothing was"
    " stored",
    retry="yes",
    too_many=1,
)
PARTNER_FAULTY = Reason(
    status=503,
    code="partner_faulty",
    detail="the operator's record of this partner has an error",
    meaning="the operator's record about you has an error; nothing was stored",
    retry="yes; tell the operator",
    too_many=1,
)
PROJECT_DISPUTED = Reason(
    status=503,
    code="project_disputed",
    detail="two partners claim value.project; the operator has to correct that",
    meaning="the operator gave the project to two partners; nothing was stored",
    retry="yes; tell the operator",
    too_many=1,
    of="event",
)
TOGETHER_DISPUTED = Reason(
    status=503,
    code="refused_together",
    meaning="only in `results`: this event is valid, but was not stored, because an event of the"
    " same request has a disputed project",
    retry="yes",
    too_many=100,
    of="neighbour",
)
CLOSED_UNAVAILABLE = Reason(
    status=503,
    code="closed_unavailable",
    detail="the list of closed partners cannot be read now",
    meaning="the list of closed partners cannot be read now; nothing was stored",
    retry="yes",
    too_many=1,
)
BUCKET_UNAVAILABLE = Reason(
    status=503,
    code="bucket_unavailable",
    detail="this request could not be stored",
    meaning="a refused event could not be quarantined; other events may have been stored",
    retry="yes",
    too_many=1,
)
PUBLISH_FAILED = Reason(
    status=503,
    code="publish_failed",
    detail="not all events of this request could be stored",
    meaning="not all events could be stored; some may have been stored",
    retry="yes",
    too_many=1,
)
QUEUE_FULL = Reason(
    status=503,
    code="queue_full",
    detail="too many events are waiting to be stored",
    meaning="too many events are waiting; some of yours may have been stored",
    retry="yes",
    too_many=1,
)

REASONS = tuple(value for value in tuple(globals().values()) if isinstance(value, Reason))
"""All reasons, in the order in which the contract lists them."""

OF_EVENTS = {reason.code: reason for reason in REASONS if reason.of == "event"}
"""The reasons for refusing one event, by reason code."""
