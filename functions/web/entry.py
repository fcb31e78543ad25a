"""Makes a function of a package: what functions-framework finds in ``main.py`` under its name."""

import asyncio
import gc
import importlib
import os
import traceback
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn_worker import UvicornWorker

from functions.observe.log import log, trace
from functions.web.problem import problem

KEEP_ALIVE_SECONDS = 650
"""How long a connection may be idle. Google's front ends and load balancers use one again within
600 seconds (https://cloud.google.com/load-balancing/docs/https#timeout-keepalive-backends). If it
were closed on this side first, a request that comes just then would get no answer. gunicorn's
default is 2 seconds; the framework neither sets it nor reads gunicorn's own settings."""

# What the worker's class offers for this; the worker is made after the framework imported this.
UvicornWorker.CONFIG_KWARGS = UvicornWorker.CONFIG_KWARGS | {
    "timeout_keep_alive": KEEP_ALIVE_SECONDS
}

Handler = Callable[[Request], Awaitable[Response]]


def answering(handle: Handler) -> ASGIApp:
    """Return the application that answers each request with what a handler returns for it."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handle(Request(scope, receive, send))
        await response(scope, receive, send)

    return application


class _Answered(Response):
    """What the framework is given as the response to a request that an application answers."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._application(scope, receive, send)


def entry_point(name: str) -> Handler:
    """Return the function ``functions.<name>``, to be decorated by functions-framework.

    Only the function that this process serves is imported, at once, so that a broken deployment
    fails at its start. It is created at the first request: the framework imports ``main.py``
    before the server forks, and clients must not cross a fork.

    Args:
        name: of the package; its ``app.create(environ)`` returns an ASGI application, which
            answers all methods and paths.
    """
    if os.environ.get("FUNCTION_TARGET") == name:
        importlib.import_module(f"functions.{name}.app")
    served: ASGIApp | None = None
    creating = asyncio.Lock()

    async def function(request: Request) -> Response:
        nonlocal served
        async with creating:
            if served is None:
                try:
                    served = _serve_directly(name, _create(name), request.scope["app"])
                except Exception as error:  # noqa: BLE001 - the framework would log path and token
                    _log_crash(name, error, request.scope)
                    return problem(500, "Internal error")
        return _Answered(served)

    function.__name__ = function.__qualname__ = name
    return function


def _serve_directly(name: str, application: ASGIApp, app: Starlette) -> ASGIApp:
    """Give the requests that follow to an application without the framework's layers above it.

    They are four middlewares, four routes that lead to one function or to a 404, and a choice by
    the type of what it returned: more than half of the processor time of the least request
    (docs/benchmarks.md). Nothing that an application raises passes from here, so none of them has
    anything left to do.

    Args:
        name: of the function, for the log.
        application: answers all requests.
        app: the framework's own, which reads `middleware_stack` at every request.

    Returns:
        What answers a request now.
    """
    framework = app.middleware_stack

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if framework is not None:
                await framework(scope, receive, send)
            return
        try:
            await application(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the framework would log path and token
            _log_crash(name, error, scope)
        else:
            return
        # Not in the handler: should the server refuse it, as an answer was begun, what the server
        # logs of that would quote the error.
        await problem(500, "Internal error")(scope, receive, send)

    app.middleware_stack = serve
    return serve


def _create(name: str) -> ASGIApp:
    application: ASGIApp = importlib.import_module(f"functions.{name}.app").create(os.environ)
    # What exists now lives as long as the process: the collector need not walk it again, and
    # short-lived requests need few collections (1.7 times the throughput, docs/benchmarks.md).
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    return application


def _log_crash(name: str, error: Exception, scope: Scope) -> None:
    """Log where it happened, without the exception's message: it may quote a payload."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    tied = trace(Headers(scope=scope), os.environ.get("GCP_PROJECT", ""))
    log("ERROR", "unexpected error", function=name, error=type(error).__name__, where=where, **tied)
