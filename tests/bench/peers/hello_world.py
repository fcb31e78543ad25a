"""A function that only reads the body: an upper limit for functions under functions-framework."""

import gc

from functions_framework import aio
from starlette.requests import Request
from starlette.responses import Response

tuned = False


@aio.http
async def receive(request: Request) -> Response:
    """Read the body and answer."""
    global tuned  # noqa: PLW0603 - once for each process, after the fork
    if not tuned:
        # As in functions/web/entry.py, so that the work of a request is compared, without that of
        # the garbage collector.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 50)
        tuned = True
    await request.body()
    return Response(b"hello\n")
