"""The privacy function's HTTP face: finds what is asked for, and who asks."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.privacy.caller import Caller, Callers
from functions.privacy.refusal import Refused, later
from functions.problem import problem
from functions.statements import StatementFailed

QUOTED = re.compile(r" '[^']*'")
"""msgspec quotes an unknown member of an enumeration; it might be an id at the wrong place."""


class Asked(NamedTuple):
    """One request.

    Attributes:
        caller: who asks.
        id: the last part of the path, where the route has one.
        body: the request's, ``{}`` where it is empty.
        accept: the media types that the caller would like.
    """

    caller: Caller
    id: str = ""
    body: bytes = b"{}"
    accept: str = ""


class Route(NamedTuple):
    """What can be asked for.

    Attributes:
        method: HTTP's.
        path: ``/erasures``, or ``/erasures/{id}`` for one that has an id.
        answer: carries it out; raises Refused.
    """

    method: str
    path: str
    answer: Callable[[Asked], Awaitable[Response]]


class Router:
    """Answers requests.

    Args:
        callers: tells who asks.
        routes: what can be asked for.
    """

    def __init__(self, callers: Callers, routes: Sequence[Route]) -> None:
        self._callers = callers
        self._routes = routes

    async def answer(self, request: Request) -> Response:
        """Answer a request."""
        if request.scope["path"] == "/health" and request.method in {"GET", "HEAD"}:
            return JSONResponse({"status": "ok"})
        try:
            return await self._answer(request)
        except Refused as refused:
            return _refuse(refused)
        except msgspec.DecodeError as error:
            return problem(400, f"Not understood: {QUOTED.sub('', str(error))}")
        except StatementFailed as failure:
            return _refuse(later(f"Not finished: {failure.statement}"))

    async def _answer(self, request: Request) -> Response:
        parts = request.scope["path"].strip("/").split("/")
        collection, of_one = parts[0], len(parts) == 2
        path = f"/{collection}/{{id}}" if of_one else request.scope["path"]
        found = {route.method: route for route in self._routes if route.path == path}
        if not found:
            raise Refused(404, "Not found")
        route = found.get(request.method)
        if route is None:
            raise Refused(405, "Method not allowed", {"Allow": ", ".join(sorted(found))})
        caller = await self._callers.identify(request.headers)
        asked = Asked(
            caller,
            parts[1] if of_one else "",
            await request.body() or b"{}",
            request.headers.get("accept", ""),
        )
        return await route.answer(asked)


def _refuse(refused: Refused) -> Response:
    return problem(refused.status, refused.title, refused.headers, refused.members)
