"""Creates the entry points in ``main.py``, which functions-framework finds by their names."""

import asyncio
import gc
import importlib
import os
import traceback

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn_worker import UvicornWorker

from functions.observe.log import log, trace
from functions.web.problem import RETRY_SECONDS, problem
from functions.web.routes import Handler
from functions.web.server import Protocol

KEEP_ALIVE_SECONDS = 650
"""The idle seconds after which the server closes a connection. Google's front ends and load
balancers reuse connections for 600 seconds
(https://cloud.google.com/load-balancing/docs/https#timeout-keepalive-backends). If the server
closed a connection earlier, a request that arrives at that moment would get no answer. gunicorn's
default is only 2 seconds."""


# functions-framework ignores gunicorn's settings, so this changes the class of the worker. gunicorn
# creates the worker after this import. No function uses the address of a client, so the middleware
# for X-Forwarded-For is left out.
UvicornWorker.CONFIG_KWARGS = UvicornWorker.CONFIG_KWARGS | {
    "http": Protocol,
    "proxy_headers": False,
    "timeout_keep_alive": KEEP_ALIVE_SECONDS,
}


class _Answered(Response):
    """Lets an ASGI application answer, because functions-framework takes only a `Response`."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._application(scope, receive, send)


def entry_point(name: str) -> Handler:
    """Return the function that functions-framework calls to serve ``functions.<name>``.

    If this process serves that package, the package is imported now, so that a broken deployment
    fails when it starts. The application is created at the first request, because the framework
    imports ``main.py`` before the server forks, and clients must not be created before a fork.

    Args:
        name: the name of the package. The function ``create(environ)`` in its module ``app``
            returns the ASGI application that answers all methods and paths.
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
                    log("ERROR", "function not created", **_crash(name, error, request.scope))
                    headers = {"Retry-After": str(RETRY_SECONDS)}
                    return problem(503, "The function cannot start", headers)
        return _Answered(served)

    function.__name__ = function.__qualname__ = name
    return function


def _serve_directly(name: str, application: ASGIApp, app: Starlette) -> ASGIApp:
    """Let an application answer all later requests directly, without functions-framework.

    The framework wraps every function in layers: four middlewares, four routes, and a conversion of
    the result. These layers take more than half of the processor time of the smallest request
    (docs/benchmarks.md). They are not needed, because no exception of an application reaches them.

    The framework has no option to leave out the layers: it creates the Starlette application
    itself. Starlette refuses `add_middleware` after its first request, and a route that is added
    later runs inside the middlewares. `CONFIG_KWARGS` only configures the worker. It cannot replace
    the application, which gunicorn passes to the worker.

    So this function replaces `Starlette.middleware_stack`, a public but undocumented attribute.
    Starlette sets it at the first request, and calls it at each request.
    tests/unit/web/test_entry.py checks this with the framework's own application, and fails if an
    upgrade breaks it.

    Args:
        name: the name of the function, for the log.
        application: answers all requests.
        app: the application of functions-framework, which answered until now.

    Returns:
        The application that answers from now on; it also logs errors of ``application``.
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
            log("ERROR", "unexpected error", **_crash(name, error, scope))
        else:
            return
        # If a response had already begun, this raises an error, and the server logs it. Inside
        # `except`, the log would also show the first error, which may quote a payload.
        await problem(500, "Internal error")(scope, receive, send)

    app.middleware_stack = serve
    return serve


def _create(name: str) -> ASGIApp:
    application: ASGIApp = importlib.import_module(f"functions.{name}.app").create(os.environ)
    # Existing objects live as long as the process, so exclude them from garbage collection.
    # Requests leave few cycles, so collect less often (1.7 times the throughput,
    # docs/benchmarks.md).
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    return application


def _crash(name: str, error: Exception, scope: Scope) -> dict[str, object]:
    """Return fields for a log line that say where an error was raised.

    The error's message is left out, because it may quote a payload.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    tied = trace(Headers(scope=scope), os.environ.get("GCP_PROJECT", ""))
    return {"function": name, "error": type(error).__name__, "where": where, **tied}
