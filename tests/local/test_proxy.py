"""The local proxy serves this machine, whatever a name server says."""

import httpx
import pytest

from local import proxy

Client = httpx.AsyncClient


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """The requests that reach the function."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, text="served")

    def client(**given: object) -> httpx.AsyncClient:
        return Client(base_url="http://function", transport=httpx.MockTransport(answer))

    monkeypatch.setattr(proxy.httpx, "AsyncClient", client)
    return requests


def caller() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(proxy.application("http://function", "you@demo.example"))
    return Client(transport=transport, base_url="http://127.0.0.1:8608")


@pytest.mark.parametrize("host", ["127.0.0.1:8608", "localhost:8608", "localhost"])
async def test_this_machine_is_served(asked: list[httpx.Request], host: str) -> None:
    direct = caller()
    answer = await direct.get("/erasures/%2F?before=a%20b", headers={"host": host})
    assert (answer.status_code, answer.text) == (200, "served")
    assert str(asked[0].url) == "http://function/erasures/%2F?before=a%20b"


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
async def test_no_other_name_is_served(asked: list[httpx.Request], host: str) -> None:
    direct = caller()
    answer = await direct.get("/erasures", headers={"host": host})
    assert answer.status_code == 421
    assert asked == []
