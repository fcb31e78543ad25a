"""Problem details (RFC 9457): the body of the error responses of the private functions."""

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

MEDIA_TYPE = "application/problem+json"

RETRY_SECONDS = 60
"""The `Retry-After` of a 503: callers should try again after this many seconds."""


class ProblemError(Exception):
    """Ends a request with problem details.

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
        """Return the response."""
        return problem(self.status, self.title, self.headers, self.members)


def retry_later(title: str, members: Mapping[str, object] | None = None) -> ProblemError:
    """Return an error with status 503, for a request that may succeed in a minute."""
    return ProblemError(503, title, {"Retry-After": str(RETRY_SECONDS)}, members)


def problem(
    status: int,
    title: str,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response:
    """Return a response with problem details.

    `functions.receive.answers` has the responses of the public function.

    Args:
        status: the HTTP status.
        title: a sentence for the caller; it must not quote an event.
        headers: additional response headers.
        members: additional members of the body.
    """
    body = {"title": title, "status": status, **(members or {})}
    return JSONResponse(body, status, headers, MEDIA_TYPE)
