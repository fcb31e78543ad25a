"""Entry points create a function at the first request, and answer and log defects."""

import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from functions_framework import aio
from functions_framework._http.gunicorn import UvicornApplication
from gunicorn.glogging import Logger
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions import FUNCTIONS
from functions.observe.log import TRACE_FIELD
from functions.web.entry import KEEP_ALIVE_SECONDS, entry_point
from functions.web.routes import Handler
from functions.web.server import Protocol

TRACE = "0af7651916cd43dd8448eb211c80319c"


class App(ModuleType):
    """Stands for ``functions.<name>.app``."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.created = 0
        self.failures: list[Exception] = []

    def create(self, environ: object) -> ASGIApp:
        self.created += 1
        if self.failures:
            raise self.failures.pop()
        whole = request_response(self.handle)

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] == "/halfway":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                raise KeyError("secret")
            await whole(scope, receive, send)

        return application

    async def handle(self, request: Request) -> Response:
        if request.url.path == "/defect":
            raise KeyError("secret")
        return Response("served")


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """A function with the name "example"; the garbage collector is restored after the test."""
    app = App("functions.example.app")
    monkeypatch.setitem(sys.modules, "functions.example.app", app)
    monkeypatch.setenv("GCP_PROJECT", "p")
    threshold = gc.get_threshold()
    yield app
    gc.set_threshold(*threshold)
    gc.unfreeze()


async def answer_to(function: Handler, path: str = "/") -> tuple[int, bytes, dict[str, str]]:
    """Call a function as the framework does; return status, body and headers of the answer."""
    incoming = request(path)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await (await function(incoming))(incoming.scope, incoming.receive, send)
    started, *bodies = sent
    headers = {name.decode(): value.decode() for name, value in started["headers"]}
    return started["status"], b"".join(message["body"] for message in bodies), headers


def request(path: str = "/") -> Request:
    """Return a request as the framework passes it to a function, each with another application."""
    headers = [(b"traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode())]
    server = ("h", 80)
    return Request(
        {
            "type": "http",
            "app": Starlette(),
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": headers,
            "server": server,
        }
    )


async def test_it_is_created_once_at_the_first_request(app: App) -> None:
    function = entry_point("example")
    assert app.created == 0
    answers = await asyncio.gather(*(answer_to(function) for _ in range(3)))
    assert {body for _, body, _ in answers} == {b"served"}
    assert app.created == 1


async def test_a_start_that_fails_is_tried_again(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    app.failures.append(ValueError("setting CELL is missing"))
    function = entry_point("example")
    status, _, headers = await answer_to(function)
    assert (status, headers["retry-after"]) == (503, "60")
    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line["error"]) == ("function not created", "ValueError")
    assert (await answer_to(function))[0] == 200


async def test_a_defect_is_500_and_the_log_has_its_place_but_no_values(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    status, body, headers = await answer_to(entry_point("example"), "/defect")
    assert status == 500
    assert headers["content-type"] == "application/problem+json"
    out = capsys.readouterr().out
    assert "secret" not in body.decode() + out
    line = json.loads(out)
    assert line["severity"] == "ERROR"
    assert line["error"] == "KeyError"
    assert line[TRACE_FIELD] == f"projects/p/traces/{TRACE}"
    assert line["where"][-1].endswith(" handle")
    assert "/defect" not in out


application: Callable[[str, str], Starlette] = aio.create_asgi_app
"""Makes the framework's application from the name of a function and its file."""

MAIN = """
from functions_framework import aio
from functions.web.entry import entry_point

example = aio.http(entry_point("example"))
"""


@pytest.fixture
async def client(app: App, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that function under functions-framework."""
    source = tmp_path / "main.py"
    source.write_text(MAIN)
    transport = httpx.ASGITransport(application("example", str(source)))
    async with httpx.AsyncClient(transport=transport, base_url="http://h") as client:
        yield client


async def test_the_framework_serves_it_and_later_requests_are_served_alike(
    client: httpx.AsyncClient,
) -> None:
    answers = [await client.get("/any/path") for _ in range(3)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, "served")}
    assert len({tuple(answer.headers.items()) for answer in answers}) == 1


async def test_later_requests_pass_no_layer_of_the_framework(client: httpx.AsyncClient) -> None:
    assert (await client.get("/robots.txt")).status_code == 404  # a route of the framework
    await client.get("/")
    assert (await client.get("/robots.txt")).text == "served"


async def test_a_defect_of_a_later_request_is_answered_and_logged_too(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.get("/")
    assert (await client.get("/defect")).status_code == 500
    assert json.loads(capsys.readouterr().out)["error"] == "KeyError"


async def test_an_error_after_the_answer_began_is_not_quoted_by_the_server(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    incoming = request("/halfway")
    begun: list[Message] = []

    async def send(message: Message) -> None:
        if begun:
            raise RuntimeError("an answer was begun")  # uvicorn raises the same error
        begun.append(message)

    answer = await entry_point("example")(incoming)
    with pytest.raises(RuntimeError, match="an answer was begun") as refused:
        await answer(incoming.scope, incoming.receive, send)
    assert refused.value.__context__ is None
    assert json.loads(capsys.readouterr().out)["error"] == "KeyError"


async def test_the_server_starts_and_stops_the_framework_at_any_time(
    app: App, tmp_path: Path
) -> None:
    """The framework still gets the server's messages about start and stop."""
    source = tmp_path / "main.py"
    source.write_text(MAIN)
    example = application("example", str(source))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(example), base_url="http://h"
    ) as client:
        await client.get("/")
    types: list[str] = []
    messages = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Message:
        return {"type": next(messages)}

    async def send(message: Message) -> None:
        types.append(message["type"])

    await example({"type": "lifespan"}, receive, send)
    assert types == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_the_worker_keeps_idle_connections_longer_than_any_front_end_does() -> None:
    """The test looks at the worker that gunicorn makes in a process that has imported `main.py`."""
    framework = UvicornApplication(Starlette(), "127.0.0.1", 0, debug=False)
    cfg = framework.cfg
    worker = cfg.worker_class(1, 1, [], framework, cfg.timeout, cfg, Logger(cfg))
    worker.tmp.close()
    assert worker.config.timeout_keep_alive == KEEP_ALIVE_SECONDS > 600
    worker.config.load()
    assert worker.config.http_protocol_class is Protocol


HEAVY = {
    "google.api_core",
    "google.auth",
    "google.cloud.bigquery",
    "google.cloud.storage",
    "google.pubsub_v1",
    "requests",
}
"""Libraries that only few requests need, so a cold start must not wait for them."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "dashboard"])
def test_a_start_imports_no_heavy_library(name: str) -> None:
    code = f"import sys, functions.{name}.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
    imported = set(done.stdout.decode().split())
    assert f"functions.{name}.app" in imported
    assert imported & HEAVY == set()


def test_only_the_function_that_is_served_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCTION_TARGET", "other")
    entry_point("nowhere")
    monkeypatch.setenv("FUNCTION_TARGET", "nowhere")
    with pytest.raises(ModuleNotFoundError):
        entry_point("nowhere")
