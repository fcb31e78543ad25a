"""Records each kind of call that a function makes of a Google API.

Python imports a module with this name when it starts. `tests.calls.plugin` puts a link to this file
into a folder of ``PYTHONPATH``, which the embedded cells pass on to the functions. So the code of
the functions stays unchanged. The records are written into the folder of the link. Other programs
also load this file, but record nothing.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

NOTES = Path(__file__).parent
ROUTED = re.compile(r"(?:topic|subscription|write_stream)=(?P<resource>\S+)")
NAMES = re.compile(r"/(projects|datasets|tables|jobs|queries|b|o|secrets|versions)/[^/:]+")
_noted: set[tuple[str, str]] = set()


def note(operation: str, resource: str) -> None:
    """Record a call if this process makes it for the first time."""
    if (operation, resource) not in _noted:
        _noted.add((operation, resource))
        function = sys.orig_argv[sys.orig_argv.index("--target") + 1]
        line = json.dumps([function, operation, resource]) + "\n"
        with (NOTES / f"{os.getpid()}.jsonl").open("a") as notes:
            notes.write(line)


def _note_rest(request: Any) -> None:
    url = urlsplit(request.url)
    path = unquote(url.path)
    # A write that may replace an object needs another permission.
    is_new = parse_qs(url.query).get("ifGenerationMatch") == ["0"]
    note(f"{request.method} {_pattern(path)}{'?ifGenerationMatch=0' if is_new else ''}", path)
    if request.method == "POST" and path.endswith(("/jobs", "/queries")):
        body = json.loads(request.body)
        note("SQL", (body.get("configuration", {}).get("query") or body)["query"])


def _pattern(path: str) -> str:
    """Return a path without the names of resources, such as ``/bigquery/v2/projects/*/jobs``."""
    return re.sub(r"/o/\*.*", "/o/*", NAMES.sub(r"/\1/*", path))


def _record_rest() -> None:
    from requests.adapters import HTTPAdapter  # noqa: PLC0415 - only functions need it

    send = HTTPAdapter.send

    def noting(adapter: Any, request: Any, *arguments: Any, **options: Any) -> Any:
        _note_rest(request)
        return send(adapter, request, *arguments, **options)

    setattr(HTTPAdapter, "send", noting)  # noqa: B010 - an assignment would have a wrong type


def _record_grpc() -> None:
    import grpc.aio  # noqa: PLC0415 - only functions need it

    open_channel = grpc.aio.insecure_channel

    def noting(*arguments: Any, **options: Any) -> Any:
        channel = open_channel(*arguments, **options)
        for kind in ("unary_unary", "stream_stream"):
            setattr(channel, kind, _noting_methods(getattr(channel, kind)))
        return channel

    setattr(grpc.aio, "insecure_channel", noting)  # noqa: B010 - as above


def _noting_methods(make: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the function that makes the methods of a channel, so that their calls are recorded."""

    def made(method: str | bytes, *arguments: Any, **options: Any) -> Any:
        call = make(method, *arguments, **options)
        name = method.decode() if isinstance(method, bytes) else method

        def noting(*arguments: Any, **options: Any) -> Any:
            sent = dict(options.get("metadata") or ())
            routed = ROUTED.search(unquote(str(sent.get("x-goog-request-params", ""))))
            note(name, routed["resource"] if routed else "")
            return call(*arguments, **options)

        return noting

    return made


if "functions_framework" in sys.orig_argv:
    _record_rest()
    _record_grpc()
