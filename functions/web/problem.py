"""Problem details (RFC 9457): what the functions answer where they do not do what was asked."""

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

MEDIA_TYPE = "application/problem+json"


def problem(
    status: int,
    title: str,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response:
    """Answer with problem details; what senders are told is in `functions.receive.answers`.

    Args:
        status: HTTP's.
        title: a sentence that quotes nothing of an event.
        headers: further headers of the answer.
        members: further members of the body.
    """
    body = {"title": title, "status": status, **(members or {})}
    return JSONResponse(body, status, headers, MEDIA_TYPE)
