"""`make verify` finds private functions that do not run, or that anyone may call."""

from pathlib import Path

import httpx
import pytest

from tests.verify.cells import a_cell
from verify.deployment import Calls
from verify.finding import Finding
from verify.identity import identify
from verify.private import ANSWERS, REFUSES, check_functions

TOKEN = "an-identity"


def ask(allowed: int = 200, stranger: int = 403) -> list[Finding]:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/health"
        known = request.headers.get("authorization") == f"Bearer {TOKEN}"
        return httpx.Response(allowed if known else stranger)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    return list(check_functions(client, a_cell(), identify(TOKEN)))


def test_a_function_that_is_up_and_closed_holds() -> None:
    assert ask() == [
        Finding("eu", REFUSES, "privacy", "holds", "HTTP 403"),
        Finding("eu", ANSWERS, "privacy", "holds", "HTTP 200"),
    ]


def test_a_function_that_anyone_may_call_fails() -> None:
    stranger, _ = ask(stranger=200)

    assert (stranger.check, stranger.state) == (REFUSES, "fails")


@pytest.mark.parametrize(("status", "state"), [(503, "fails"), (403, "not checked")])
def test_a_function_that_does_not_answer_is_not_a_success(status: int, state: str) -> None:
    _, answers = ask(allowed=status)

    assert answers.state == state


def test_without_an_identity_nothing_is_claimed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    client = httpx.Client(transport=httpx.MockTransport(lambda _request: httpx.Response(403)))
    _, answers = check_functions(client, a_cell(), identify(""))

    assert (answers.state, "gcloud auth login" in answers.detail) == ("not checked", True)


def test_no_answer_is_not_a_success() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    client = httpx.Client(transport=httpx.MockTransport(refuse))
    results = list(check_functions(client, a_cell(), identify(TOKEN)))

    assert [finding.state for finding in results] == ["not checked", "fails"]


def test_stand_ins_have_no_door_to_try() -> None:
    client = httpx.Client(transport=httpx.MockTransport(lambda _request: httpx.Response(200)))
    cell = a_cell(calls=Calls({"privacy": "http://127.0.0.1:1"}, {}, {}))

    assert [finding.check for finding in check_functions(client, cell, identify(""))] == [ANSWERS]
