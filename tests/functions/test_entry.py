"""Entry points: created at the first request, and what a defect answers and logs."""

import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from starlette.requests import Request
from starlette.responses import Response

from functions.entry import Handler, entry_point
from functions.log import TRACE_FIELD

TRACE = "0af7651916cd43dd8448eb211c80319c"


class App(ModuleType):
    """Stands for ``functions.<name>.app``."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.created = 0
        self.failures: list[Exception] = []

    def create(self, environ: object) -> Handler:
        self.created += 1
        if self.failures:
            raise self.failures.pop()
        return self.handle

    async def handle(self, request: Request) -> Response:
        if request.url.path == "/defect":
            raise KeyError("secret")
        return Response("served")


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """A function of that name; the collector is left as it was."""
    app = App("functions.example.app")
    monkeypatch.setitem(sys.modules, "functions.example.app", app)
    monkeypatch.setenv("GCP_PROJECT", "p")
    threshold = gc.get_threshold()
    yield app
    gc.set_threshold(*threshold)
    gc.unfreeze()


def request(path: str = "/") -> Request:
    headers = [(b"traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode())]
    server = ("h", 80)
    return Request(
        {
            "type": "http",
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
    answers = await asyncio.gather(*(function(request()) for _ in range(3)))
    assert {answer.body for answer in answers} == {b"served"}
    assert app.created == 1


async def test_a_start_that_fails_is_tried_again(app: App) -> None:
    app.failures.append(ValueError("setting CELL is missing"))
    function = entry_point("example")
    assert (await function(request())).status_code == 500
    assert (await function(request())).status_code == 200


async def test_a_defect_is_500_and_says_where_but_not_what(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await entry_point("example")(request("/defect"))
    assert answer.status_code == 500
    assert answer.media_type == "application/problem+json"
    out = capsys.readouterr().out
    assert "secret" not in bytes(answer.body).decode() + out
    line = json.loads(out)
    assert line["severity"] == "ERROR"
    assert line["error"] == "KeyError"
    assert line[TRACE_FIELD] == f"projects/p/traces/{TRACE}"
    assert line["where"][-1].endswith(" handle")
    assert "/defect" not in out


HEAVY = {
    "google.api_core",
    "google.auth",
    "google.cloud.bigquery",
    "google.cloud.storage",
    "google.pubsub_v1",
    "requests",
}
"""What few requests need, and a cold start must not wait for."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["receive", "load", "operate", "privacy"])
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
