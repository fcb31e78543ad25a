"""The button Refresh calls `operate`, and reports if that fails."""

from typing import Any

import pytest
from google.auth.exceptions import DefaultCredentialsError
from requests import ConnectionError as Unreachable
from requests import Response, Session

from functions.dashboard import operate
from functions.dashboard.operate import Operate, RefreshFailed, open_session


class Calls:
    """A session that always gives the same answer, and records the calls."""

    def __init__(self, status: int = 200, body: bytes = b'{"remaining": []}') -> None:
        self.answer = Response()
        self.answer.status_code = status
        self.answer._content = body
        self.made: list[tuple[str, Any, float]] = []

    def post(self, url: str, *, json: Any, timeout: float) -> Response:
        self.made.append((url, json, timeout))
        return self.answer


def test_all_days_with_news_are_asked_for_over_one_session() -> None:
    calls, opened = Calls(), []
    caller = Operate("http://operate", 5.0, lambda url: opened.append(url) or calls)  # type: ignore[func-returns-value]  # it returns calls
    caller.refresh()
    caller.refresh()
    assert calls.made == [("http://operate/refresh", {}, 5.0)] * 2
    assert opened == ["http://operate"]


@pytest.mark.parametrize(
    "calls", [Calls(503), Calls(403), Calls(200, b'{"remaining": [{"from": "a", "to": "b"}]}')]
)
def test_an_unfinished_refresh_is_a_failure(calls: Calls) -> None:
    with pytest.raises(RefreshFailed):
        Operate("http://operate", 5.0, lambda _: calls).refresh()


@pytest.mark.parametrize("error", [Unreachable, DefaultCredentialsError])
def test_no_connection_and_no_credentials_are_failures(error: type[Exception]) -> None:
    def fail(_: str) -> Any:
        raise error("not said to anybody")

    with pytest.raises(RefreshFailed, match=f"^{error.__name__}$"):
        Operate("http://operate", 5.0, fail).refresh()


def test_only_a_call_over_tls_carries_an_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    audiences = []

    def credentials(audience: str, _: object) -> object:
        audiences.append(audience)
        return object()

    monkeypatch.setattr("google.oauth2.id_token.fetch_id_token_credentials", credentials)
    assert type(operate.open_session("http://operate:80")) is Session
    assert audiences == []
    assert type(open_session("https://operate")) is not Session
    assert audiences == ["https://operate"]
