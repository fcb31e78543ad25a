"""`make verify` understands the receiver's answers, and quotes no URL, because URLs have tokens."""

import re
from collections.abc import Callable

import httpx
import pytest

from tests.verify.cells import URLS, a_cell
from verify.deployment import Urls
from verify.webhooks import NotAccepted, Signed, check_urls, check_wrong_token, send, sender

OWN = Urls("https://receive.example/events/{token}", "https://receive.example/rooms/{token}")


def receiver(request: httpx.Request) -> httpx.Response:
    """Answer as a receiver that knows only the token "t0ken"."""
    if request.url.path.rsplit("/", 1)[1] != "t0ken":
        return httpx.Response(401, json={"reason": "token_unknown"})
    if request.method == "GET":
        return httpx.Response(200, json={"status": "ok"})
    return httpx.Response(200, json={"accepted": 1, "results": [{"ingest_id": "i1"}]})


def client(answer: Callable[[httpx.Request], httpx.Response] = receiver) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(answer))


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError(f"no route to {request.url}")


def test_urls_that_answer_hold() -> None:
    results = list(check_urls(client(), a_cell()))

    assert [(finding.subject, finding.state) for finding in results] == [
        ("events of acme", "holds"),
        ("rooms of acme", "holds"),
    ]


def test_a_token_that_is_not_known_fails() -> None:
    wrong = Urls(URLS.events + "x", URLS.rooms)
    results = list(check_urls(client(), a_cell(webhooks={"acme": {"1": wrong}})))

    assert [(finding.state, finding.detail) for finding in results] == [
        ("fails", "HTTP 401 token_unknown"),
        ("holds", "accepts token 1"),
    ]


def test_a_token_of_the_partner_s_own_is_not_checked() -> None:
    cell = a_cell(webhooks={"acme": {"own": OWN}})

    assert {finding.state for finding in check_urls(client(), cell)} == {"not checked"}
    assert sender(cell) is None


def test_the_sender_is_one_whose_token_is_known() -> None:
    cell = a_cell(
        webhooks={"acme": {"own": OWN}, "globex": {"1": URLS}},
        projects={"acme": ("a",), "globex": ("g", "h")},
    )

    assert sender(cell) == ("globex", "g", URLS.events)


def test_a_wrong_token_that_is_accepted_fails() -> None:
    opened = client(lambda _request: httpx.Response(200, json={}))

    assert check_wrong_token(client(), a_cell()).state == "holds"
    assert check_wrong_token(opened, a_cell()).state == "fails"
    assert check_wrong_token(client(), a_cell(webhooks={})).state == "not checked"


def test_no_finding_has_a_token() -> None:
    results = [*check_urls(client(unreachable), a_cell())]
    results.append(check_wrong_token(client(unreachable), a_cell()))

    assert {finding.state for finding in results} == {"fails"}
    assert {finding.detail for finding in results} == {"ConnectError"}


def test_an_accepted_event_has_an_ingest_id() -> None:
    assert send(client(), URLS.events, {"verify": "x"}) == "i1"


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (httpx.Response(503, json={"reason": "queue_full"}), "HTTP 503 queue_full"),
        (httpx.Response(404, text="<html>"), "HTTP 404"),
        (httpx.Response(200, text="<html>"), "HTTP 200, but no ingest id: is this the receiver?"),
        (httpx.Response(200, json=[]), "HTTP 200, but no ingest id: is this the receiver?"),
    ],
)
def test_an_event_that_is_refused_says_why(answer: httpx.Response, detail: str) -> None:
    with pytest.raises(NotAccepted, match=re.escape(detail)):
        send(client(lambda _request: answer), URLS.events, {})


def test_an_event_without_an_answer_says_why_without_its_url() -> None:
    with pytest.raises(NotAccepted, match=r"^ConnectError$"):
        send(client(unreachable), URLS.events, {})


def test_a_signed_webhook_cannot_be_sent() -> None:
    answer = httpx.Response(401, json={"reason": "signature_invalid"})
    with pytest.raises(Signed):
        send(client(lambda _request: answer), URLS.events, {})
