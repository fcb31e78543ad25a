"""The privacy function's HTTP face: finds what is asked for, and who asks."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.privacy.requests.caller import Caller, Callers
from functions.privacy.requests.refusal import Refused, later
from functions.warehouse.statements import StatementFailed
from functions.web.problem import problem

MAX_BODY_BYTES = 16 * 2**20
"""The most that a request may have: 5,000 people with 20 ids each, at 160 bytes an id."""

QUOTED = re.compile(r" '[^']*'")
"""msgspec quotes an unknown member of an enumeration; it might be an id at the wrong place."""


class PrivacyRequest(NamedTuple):
    """One request.

    Attributes:
        caller: who asks.
        id: the last part of the path, where the route has one.
        body: the request's, ``{}`` where it is empty.
        accept: the media types that the caller would like.
        query: the parameters of the request's query string.
    """

    caller: Caller
    id: str = ""
    body: bytes = b"{}"
    accept: str = ""
    query: Mapping[str, str] = MappingProxyType({})


class Route(NamedTuple):
    """What can be asked for.

    Attributes:
        method: HTTP's.
        path: ``/erasures``, or ``/erasures/{id}`` for one that has an id.
        answer: carries it out; raises Refused.
    """

    method: str
    path: str
    answer: Callable[[PrivacyRequest], Awaitable[Response]]


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
        routes = {route.method: route for route in self._routes if route.path == path}
        if not routes:
            raise Refused(404, "Not found")
        route = routes.get(request.method)
        if route is None:
            raise Refused(405, "Method not allowed", {"Allow": ", ".join(sorted(routes))})
        caller = await self._callers.identify(request.headers)
        privacy_request = PrivacyRequest(
            caller,
            parts[1] if of_one else "",
            await _body(request) or b"{}",
            request.headers.get("accept", ""),
            dict(request.query_params),
        )
        return await route.answer(privacy_request)


async def _body(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise Refused(413, f"A request may have at most {MAX_BODY_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _refuse(refused: Refused) -> Response:
    return problem(refused.status, refused.title, refused.headers, refused.members)
