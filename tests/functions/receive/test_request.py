"""What the receiver reads of a request."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from functions.receive.answers import Refusal
from functions.receive.request import Target, bearer_token, read_body, route, sender_id


def request(
    method: str = "POST",
    path: str = "/events",
    query: bytes = b"",
    headers: Iterable[tuple[bytes, bytes]] = (),
    messages: Iterable[Message] = (),
) -> Request:
    coming = iter(messages)

    async def receive() -> Message:
        return next(coming)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": list(headers),
    }
    return Request(scope, receive)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/events", Target("chat", "")),
        ("/rooms/t", Target("room", "t")),
        ("/events/t %?", Target("chat", "t %?")),
        ("/health", None),
    ],
)
def test_a_path_is_a_kind_and_a_token(path: str, target: Target | None) -> None:
    assert route(request("GET", path)) == target


@given(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "ODD", ""]),
    st.text() | st.from_regex(r"/(events|rooms|health)(/[a-z/]*)?", fullmatch=True),
    st.binary(),
)
def test_any_other_path_or_method_is_refused(method: str, path: str, query: bytes) -> None:
    try:
        target = route(request(method, path, query))
    except Refusal as refusal:
        refused = refusal.answer.status_code
    else:
        assert (target is None) == (path == "/health")
        assert method == "POST" or (method in {"GET", "HEAD"} and not (query and target))
        return
    assert refused in {404, 405}


@given(st.binary())
def test_any_authorization_is_a_token_or_none(value: bytes) -> None:
    assert isinstance(bearer_token(request(headers=[(b"authorization", value)])), str)


@pytest.mark.parametrize(
    ("value", "token"),
    [(b"Bearer t", "t"), (b"bEARER  t ", "t"), (b"Bearer", ""), (b"Basic t", ""), (b"t", "")],
)
def test_only_bearer_has_a_token(value: bytes, token: str) -> None:
    assert bearer_token(request(headers=[(b"authorization", value)])) == token


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], ""),
        ([(b"webhook-id", b"w"), (b"idempotency-key", b"i")], "w"),
        ([(b"webhook-id", b""), (b"idempotency-key", b"i")], "i"),
        ([(b"idempotency-key", b"\xff\x00")], "\xff\x00"),
        ([(b"webhook-id", b"x" * 10_240)], "x" * 10_240),
    ],
)
def test_the_senders_id(headers: list[tuple[bytes, bytes]], expected: str) -> None:
    assert sender_id(request(headers=headers)) == expected


def chunks(*parts: bytes) -> list[Message]:
    last = len(parts) - 1
    return [
        {"type": "http.request", "body": part, "more_body": position < last}
        for position, part in enumerate(parts)
    ]


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=5), st.integers(0, 20))
async def test_a_body_is_read_up_to_its_limit(parts: list[bytes], limit: int) -> None:
    coming = request(messages=chunks(*parts))
    whole = b"".join(parts)
    if len(whole) <= limit:
        assert await read_body(coming, coming.receive, limit) == whole
    else:
        with pytest.raises(Refusal):
            await read_body(coming, coming.receive, limit)


@pytest.mark.parametrize(
    ("length", "refused"),
    [(b"11", True), (b"9" * 5_000, True), (b"10", False), (b"-1", False), (b"\xb2", False)],
)
async def test_a_length_over_the_limit_is_refused_unread(length: bytes, *, refused: bool) -> None:
    declared = request(headers=[(b"content-length", length)], messages=chunks(b"body"))
    if refused:
        with pytest.raises(Refusal) as caught:
            await read_body(declared, declared.receive, 10)
        assert caught.value.answer.status_code == 413
    else:
        assert await read_body(declared, declared.receive, 10) == b"body"


async def test_a_body_that_breaks_off_is_refused() -> None:
    cut_off = request(messages=[*chunks(b"a", b"b")[:1], {"type": "http.disconnect"}])
    with pytest.raises(Refusal) as caught:
        await read_body(cut_off, cut_off.receive, 10)
    assert caught.value.answer.status_code == 400
