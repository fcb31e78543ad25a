"""Adds security headers to the dashboard's responses, and builds its error responses."""

from typing import NamedTuple

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.dashboard.page import Page
from functions.web.problem import ProblemError, problem

HEADERS = {
    # The page loads nothing from other sites, has no inline scripts or styles, and cannot be shown
    # in a frame.
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""The security headers of all responses."""

ADVICE = {404: "The dashboard is at /."}
"""Advice to viewers, by HTTP status, for errors that have no advice of their own."""


class Answers(NamedTuple):
    """Builds error responses.

    Attributes:
        page: renders the HTML of error pages.
    """

    page: Page

    async def explain(self, request: Request, error: ProblemError) -> Response:
        """Return an error response: a page for requests that accept HTML, else problem details."""
        detail = str((error.members or {}).get("detail", ADVICE.get(error.status, "")))
        if "text/html" in request.headers.get("accept", ""):
            text = self.page.refusal(error.title, detail)
            return HTMLResponse(text, error.status, error.headers)
        return problem(error.status, error.title, error.headers, {"detail": detail})


def failure(status: int, title: str, detail: str) -> ProblemError:
    """Return an error with a title and advice for the viewer.

    Args:
        status: the HTTP status.
        title: a short description of the problem.
        detail: a sentence that says what the viewer can do.
    """
    return ProblemError(status, title, members={"detail": detail})


def guarded(app: ASGIApp) -> ASGIApp:
    """Return an application that adds `HEADERS` to the responses of `app`.

    A response without `Cache-Control` also gets a header that forbids caching.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await app(scope, receive, send_guarded)

    return serve
