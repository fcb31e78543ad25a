"""The router of the private functions: paths, methods, `/health`, and error responses.

The function `receive` has its own router, which is faster (docs/benchmarks.md).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from starlette import routing
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.web.problem import ProblemError, problem

Handler = Callable[[Request], Awaitable[Response]]
ErrorHandlers = Mapping[type[Exception], Callable[[Request, Any], Awaitable[Response]]]
"""For each type of exception that a handler may raise, a function that returns a response."""


R = TypeVar("R")


class Route(NamedTuple, Generic[R]):
    """One operation of a function.

    Attributes:
        method: the HTTP method. A route for GET also answers HEAD.
        path: a path such as ``/erasures`` or ``/erasures/{id}``, in Starlette's notation.
        handle: takes a request of the type ``R`` and returns the response; may raise
            `ProblemError`.
    """

    method: str
    path: str
    handle: Callable[[R], Awaitable[Response]]


def application(
    routes: Sequence[Route[Request]], error_handlers: ErrorHandlers | None = None
) -> ASGIApp:
    """Return the ASGI application that serves these routes, and ``GET /health``.

    The response to another path is a 404, and the response to another method is a 405. Both are
    problem details instead of Starlette's plain text.

    Args:
        routes: the operations of the function.
        error_handlers: the handlers of further exceptions that a route may raise. They may include
            another handler of `ProblemError`.
    """
    methods: dict[str, dict[str, Handler]] = {"/health": {"GET": _health, "HEAD": _health}}
    for route in routes:
        methods.setdefault(route.path, {})[route.method] = route.handle
    router = routing.Router(
        [routing.Route(path, _ByMethod(operations)) for path, operations in methods.items()],
        redirect_slashes=False,
        default=_not_found,
    )
    handlers: dict[Any, Any] = {
        ProblemError: _answer_problem,
        ClientDisconnect: _answer_gone,
        **(error_handlers or {}),
    }
    return ExceptionMiddleware(router, handlers)


@dataclass(frozen=True, slots=True)
class _ByMethod:
    """Serves one path. It is a class, because Starlette passes only GET and HEAD to a function."""

    handlers: Mapping[str, Handler]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith("\n"):  # Starlette's router ignores a newline at the end
            raise ProblemError(404, "Not found")
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        handle = self.handlers.get(method)
        if handle is None:
            allow = ", ".join(sorted(self.handlers))
            raise ProblemError(405, "Method not allowed", {"Allow": allow})
        response = await handle(Request(scope, receive, send))
        await response(scope, receive, send)


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _not_found(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise ProblemError(404, "Not found")


async def _answer_gone(_request: Request, _error: ClientDisconnect) -> Response:
    """Answer a caller that has left before its body ended, so that no error is logged."""
    return problem(400, "The connection ended before the body did")


async def _answer_problem(_request: Request, error: ProblemError) -> Response:
    return error.response()
