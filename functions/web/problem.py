"""Error responses of the private functions: problem details as JSON (RFC 9457)."""

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

MEDIA_TYPE = "application/problem+json"

RETRY_SECONDS = 60
"""The `Retry-After` of a 503: callers should wait this many seconds before they try again."""


class ProblemError(Exception):
    """Ends a request with an error response: problem details.

    Args:
        status: the HTTP status.
        title: a sentence for the caller. It may name a field, but must not quote the field's
            content.
        headers: additional response headers.
        members: additional members of the body.
    """

    def __init__(
        self,
        status: int,
        title: str,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.headers = headers
        self.members = members

    def response(self) -> Response:
        """Return the error response."""
        return problem(self.status, self.title, self.headers, self.members)


def retry_later(title: str, members: Mapping[str, object] | None = None) -> ProblemError:
    """Return an error with status 503, which asks the caller to try again in a minute."""
    return ProblemError(503, title, {"Retry-After": str(RETRY_SECONDS)}, members)


def problem(
    status: int,
    title: str,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response:
    """Return a response with problem details.

    Args:
        status: the HTTP status.
        title: a sentence for the caller; it must not quote an event.
        headers: additional response headers.
        members: additional members of the body.
    """
    body = {"title": title, "status": status, **(members or {})}
    return JSONResponse(body, status, headers, MEDIA_TYPE)
