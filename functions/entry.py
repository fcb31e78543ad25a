"""Makes a function of a package: what functions-framework finds in ``main.py`` under its name."""

import asyncio
import gc
import importlib
import os
import traceback
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from functions.log import log, trace
from functions.problem import problem

Handler = Callable[[Request], Awaitable[Response]]


def entry_point(name: str) -> Handler:
    """Return the function ``functions.<name>``, to be decorated by functions-framework.

    Only the function that this process serves is imported, at once, so that a broken deployment
    fails at its start. It is created at the first request: the framework imports ``main.py``
    before the server forks, and clients must not cross a fork.

    Args:
        name: of the package; its ``app.create(environ)`` returns the handler.
    """
    if os.environ.get("FUNCTION_TARGET") == name:
        importlib.import_module(f"functions.{name}.app")
    handler: Handler | None = None
    creating = asyncio.Lock()

    async def function(request: Request) -> Response:
        nonlocal handler
        try:
            if handler is None:
                async with creating:
                    if handler is None:
                        handler = _create(name)
                        _serve_directly(request.scope["app"], function)
            return await handler(request)
        except Exception as error:  # noqa: BLE001 - the framework would log the path and its token
            tied = trace(request.headers, os.environ.get("GCP_PROJECT", ""))
            _log_crash(name, error, tied)
            return problem(500, "Internal error")

    function.__name__ = function.__qualname__ = name
    return function


def _serve_directly(app: Starlette, function: Handler) -> None:
    """Give the requests that follow to the function without the framework's layers above it.

    They are four middlewares, four routes that lead to one function or to a 404, and a choice by
    the type of what it returned: more than half of the processor time of the least request
    (docs/benchmarks.md). The function answers all methods and paths, logs what it raises and
    always returns a response, so none of them has anything left to do.

    Args:
        app: the framework's application, which reads `middleware_stack` at every request.
        function: what the framework calls.
    """
    framework = app.middleware_stack

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            response = await function(Request(scope, receive, send))
            await response(scope, receive, send)
        elif framework is not None:
            await framework(scope, receive, send)

    app.middleware_stack = serve


def _create(name: str) -> Handler:
    handler: Handler = importlib.import_module(f"functions.{name}.app").create(os.environ)
    # What exists now lives as long as the process: the collector need not walk it again, and
    # short-lived requests need few collections (1.7 times the throughput, docs/benchmarks.md).
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    return handler


def _log_crash(name: str, error: Exception, tied: dict[str, str]) -> None:
    """Log where it happened, without the exception's message: it may quote a payload."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    log("ERROR", "unexpected error", function=name, error=type(error).__name__, where=where, **tied)
