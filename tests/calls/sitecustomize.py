"""Notes each kind of call that a function makes of a Google API.

Python imports a module of this name at its start. The tests put a link to this file into a folder
of ``PYTHONPATH`` of the embedded cell, and the notes are written beside the link: so the functions
run unchanged. Other parts of the cell load it too, and note nothing, because they have no target.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

NOTES = Path(__file__).parent
ROUTED = re.compile(r"(?:topic|subscription|write_stream)=(?P<resource>\S+)")
_noted: set[tuple[str, str]] = set()


def note(operation: str, resource: str) -> None:
    """Write down a call, the first time that this process makes it."""
    if (operation, resource) not in _noted:
        _noted.add((operation, resource))
        line = json.dumps([_target(), operation, resource]) + "\n"
        with (NOTES / f"{os.getpid()}.jsonl").open("a") as notes:
            notes.write(line)


def _target() -> str:
    return sys.orig_argv[sys.orig_argv.index("--target") + 1]


def _note_rest(request: Any) -> None:
    path = unquote(urlsplit(request.url).path)
    note(f"{request.method} {_pattern(path)}", path)
    if request.method == "POST" and path.endswith(("/jobs", "/queries")):
        body = json.loads(request.body)
        note("SQL", (body.get("configuration", {}).get("query") or body)["query"])


def _pattern(path: str) -> str:
    """Return a path without what names a resource: ``/bigquery/v2/projects/*/jobs``."""
    path = re.sub(
        r"/(projects|datasets|tables|jobs|queries|b|o|secrets|versions)/[^/:]+", r"/\1/*", path
    )
    return re.sub(r"/o/\*.*", "/o/*", path)


def _record_rest() -> None:
    from requests.adapters import HTTPAdapter  # noqa: PLC0415 - in functions only

    send = HTTPAdapter.send

    def noting(adapter: Any, request: Any, *arguments: Any, **options: Any) -> Any:
        _note_rest(request)
        return send(adapter, request, *arguments, **options)

    HTTPAdapter.send = noting  # type: ignore[method-assign]


def _record_grpc() -> None:
    import grpc.aio  # noqa: PLC0415 - in functions only

    def note_call(details: Any) -> None:
        method = details.method.decode() if isinstance(details.method, bytes) else details.method
        headers = dict(details.metadata or ())
        routed = ROUTED.search(unquote(str(headers.get("x-goog-request-params", ""))))
        note(method, routed["resource"] if routed else "")

    class Unary(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
        async def intercept_unary_unary(self, go_on: Any, details: Any, request: Any) -> Any:
            note_call(details)
            return await go_on(details, request)

    class Streaming(grpc.aio.StreamStreamClientInterceptor):  # type: ignore[misc]
        async def intercept_stream_stream(self, go_on: Any, details: Any, requests: Any) -> Any:
            note_call(details)
            return await go_on(details, requests)

    open_channel = grpc.aio.insecure_channel

    def noting(target: str, **options: Any) -> Any:
        return open_channel(target, interceptors=[Unary(), Streaming()], **options)

    grpc.aio.insecure_channel = noting


if "--target" in sys.orig_argv:
    _record_rest()
    _record_grpc()
