"""What every answer carries, and the answers that show no numbers."""

from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from functions.dashboard.page import Page

HEADERS = {
    # Nothing from elsewhere, nothing inline, in nobody's frame.
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
"""The security headers of every answer."""

PROBLEM = "application/problem+json"


class PageRefusal(Exception):
    """A request is not answered with numbers.

    Attributes:
        status: of HTTP.
        title: what is wrong.
        advice: what the person can do.
        headers: of the answer.
    """

    def __init__(
        self, status: int, title: str, advice: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.advice = advice
        self.headers = dict(headers or {})


class Answers(NamedTuple):
    """Makes answers.

    Attributes:
        page: renders HTML.
    """

    page: Page

    def refuse(self, request: Request, refusal: PageRefusal) -> Response:
        """Answer with what is wrong: a page for people, a problem (RFC 9457) for programs."""
        if "text/html" in request.headers.get("accept", ""):
            text = self.page.refusal(refusal.title, refusal.advice)
            return HTMLResponse(text, refusal.status, refusal.headers)
        body = {"title": refusal.title, "status": refusal.status, "detail": refusal.advice}
        return JSONResponse(body, refusal.status, refusal.headers, PROBLEM)


def guarded(answer: Response) -> Response:
    """Give an answer the headers that all have; what shows numbers is kept nowhere."""
    for name, value in HEADERS.items():
        answer.headers[name] = value
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer
