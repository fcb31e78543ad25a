"""The local proxy serves only requests whose Host header names this machine."""

import httpx
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local import proxy

Client = httpx.AsyncClient


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The paths and queries of requests that reach the function, in a list."""
    targets: list[bytes] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        targets.append(scope["raw_path"] + b"?" + scope["query_string"])
        await Response("served")(scope, receive, send)

    def client(**_: object) -> httpx.AsyncClient:
        return Client(base_url="http://function", transport=httpx.ASGITransport(answer))

    monkeypatch.setattr(httpx, "AsyncClient", client)
    return targets


def caller() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(proxy.application("http://function", "you@demo.example"))
    return Client(transport=transport, base_url="http://127.0.0.1:8608")


@pytest.mark.parametrize("host", ["127.0.0.1:8608", "localhost:8608", "localhost"])
async def test_this_machine_is_served(asked: list[bytes], host: str) -> None:
    direct = caller()
    answer = await direct.get("/erasures/%2F?before=a%20b", headers={"host": host})
    assert (answer.status_code, answer.text) == (200, "served")
    assert asked == [b"/erasures/%2F?before=a%20b"]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "127.0.0.1:8608/x?",
        "[",
        "",
    ],
)
async def test_no_other_name_is_served(asked: list[bytes], host: str) -> None:
    direct = caller()
    answer = await direct.get("/erasures", headers={"host": host})
    assert answer.status_code == 421
    assert asked == []
