"""Reads requests to the privacy function, and identifies their callers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from functions.privacy.requests.caller import Caller, Callers
from functions.warehouse.statements import StatementFailed
from functions.web.body import read_body
from functions.web.malformed import MALFORMED, describe
from functions.web.problem import ProblemError, problem, retry_later
from functions.web.routes import Route, application

MAX_BODY_BYTES = 16 * 2**20
"""The maximum size of a body: enough for 5,000 people with 20 ids of 160 bytes each."""


class PrivacyRequest(NamedTuple):
    """A request with an identified caller.

    Attributes:
        caller: the sender of the request.
        id: the last part of the path, if the route has an id; otherwise empty.
        body: the body; ``{}`` if it was empty.
        accept: the value of the header ``Accept``; empty if the request has no such header.
        query: the parameters of the query string.
    """

    caller: Caller
    id: str = ""
    body: bytes = b"{}"
    accept: str = ""
    query: Mapping[str, str] = MappingProxyType({})


Answer = Callable[[PrivacyRequest], Awaitable[Response]]


def serve(callers: Callers, routes: Sequence[Route[PrivacyRequest]]) -> ASGIApp:
    """Return the application that serves these routes to identified callers."""
    return application(
        [
            Route[Request](route.method, route.path, partial(_identify, callers, route.handle))
            for route in routes
        ],
        {**dict.fromkeys(MALFORMED, _answer_malformed), StatementFailed: _answer_unfinished},
    )


async def _identify(callers: Callers, answer: Answer, request: Request) -> Response:
    caller = await callers.identify(request.headers)
    return await answer(
        PrivacyRequest(
            caller,
            request.path_params.get("id", ""),
            await read_body(request, MAX_BODY_BYTES) or b"{}",
            request.headers.get("accept", ""),
            _query(request),
        )
    )


def _query(request: Request) -> dict[str, str]:
    """Return the parameters of the query string; refuse a request that repeats one of them."""
    query = dict(request.query_params)
    if len(query) < len(request.query_params.multi_items()):
        raise ProblemError(400, "A parameter of the query string is given more than once")
    return query


async def _answer_malformed(
    _request: Request, error: msgspec.DecodeError | UnicodeDecodeError | RecursionError
) -> Response:
    return problem(400, f"The request is not valid: {describe(error)}")


async def _answer_unfinished(_request: Request, failure: StatementFailed) -> Response:
    return retry_later(f"Not finished: {failure.statement}").response()
