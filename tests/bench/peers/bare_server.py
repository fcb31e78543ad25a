"""A function that only answers, without the framework: an upper limit for any function."""

import gc

from functions_framework import aio
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

BODY = b"hello\n"
HEADERS = [(b"content-length", b"%d" % len(BODY))]


@aio.http
async def receive(request: Request) -> Response:
    """Answer the first request; the server gives those that follow to `answer`."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    request.scope["app"].middleware_stack = answer
    await request.body()
    return Response(BODY)


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body and answer."""
    while (await receive()).get("more_body", False):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
