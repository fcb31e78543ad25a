"""Versions of a secret, whatever Secret Manager answers and in how many threads it is asked."""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import pytest

from functions.google.secret_manager import Secret, SecretsUnavailable, Version

NAME = "projects/p/secrets/s"
PAYLOAD = {"data": base64.b64encode(b"list").decode()}


class Answer:
    """Stands for `requests.Response`."""

    def __init__(self, content: bytes, status: int = HTTPStatus.OK) -> None:
        self.content = content
        self.status_code = status


class Session:
    """Stands for `requests.Session`: gives each request the same answer."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def request(self, method: str, url: str, **_: Any) -> Answer:
        return self._answer


def secret(content: Any, status: int = HTTPStatus.OK) -> Secret:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Secret("https://s", NAME, lambda _: Session(Answer(data, status)))


def test_a_version_is_its_number_and_its_content() -> None:
    answered = secret({"name": f"{NAME}/versions/12", "payload": PAYLOAD | {"dataCrc32c": "1"}})
    assert answered.newest() == answered.at(12) == Version(12, b"list")
    assert answered.add(b"list") == 12


@pytest.mark.parametrize("status", [HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST])
def test_a_version_that_is_gone_is_none(status: int) -> None:
    assert secret({"error": {}}, status).at(3) is None


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"",
        b"\xff",
        None,
        [],
        "text",
        {},
        {"payload": PAYLOAD},
        {"name": f"{NAME}/versions/1"},
        {"name": None, "payload": PAYLOAD},
        {"name": f"{NAME}/versions/latest", "payload": PAYLOAD},
        {"name": f"{NAME}/versions/", "payload": PAYLOAD},
        {"name": f"{NAME}/versions/1", "payload": {}},
        {"name": f"{NAME}/versions/1", "payload": {"data": None}},
        {"name": f"{NAME}/versions/1", "payload": {"data": "no base64"}},
        {"name": f"{NAME}/versions/1", "payload": []},
    ],
)
def test_an_answer_of_another_form_is_none_at_all(content: Any) -> None:
    with pytest.raises(SecretsUnavailable, match=r"^\w+$"):
        secret(content).newest()
    with pytest.raises(SecretsUnavailable):
        secret(content).at(1)


@pytest.mark.parametrize("content", [b"<html>", {}, {"name": "s/versions/x"}, {"name": 3}])
def test_an_addition_without_a_number_may_have_been_made(content: Any) -> None:
    with pytest.raises(SecretsUnavailable):
        secret(content).add(b"list")


def test_each_thread_has_a_session_of_its_own() -> None:
    opened_in: list[int] = []
    meeting = threading.Barrier(3)

    def connect(_: str) -> Session:
        opened_in.append(threading.get_ident())
        content = json.dumps({"name": f"{NAME}/versions/1", "payload": PAYLOAD}).encode()
        return Session(Answer(content))

    shared = Secret("https://s", NAME, connect)

    def read_twice(_: int) -> None:
        meeting.wait(60)
        shared.newest()
        shared.newest()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(read_twice, range(3)))
    assert len(opened_in) == len(set(opened_in)) == 3
