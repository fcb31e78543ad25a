"""The receiver reads the path, the token, the sender's id and the length of a request."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Scope

from functions.receive.answers import WebhookRefusal
from functions.receive.request import (
    announces_more,
    bearer_token,
    headers_of,
    route,
    sender_id,
)


def scope(
    method: str = "POST",
    path: str = "/events",
    query: bytes = b"",
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> Scope:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": list(headers),
    }


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/events", ("chat", "")),
        ("/rooms/t", ("room", "t")),
        ("/events/t %?", ("chat", "t %?")),
        ("/rooms/t/", ("room", "t")),
        ("/events/", ("chat", "")),
        ("/health", None),
        ("/health/", None),
    ],
)
def test_a_path_is_a_kind_and_a_token(path: str, target: tuple[str, str] | None) -> None:
    assert route(scope("GET", path)) == target


@given(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "ODD", ""]),
    st.text() | st.from_regex(r"/(events|rooms|health)(/[a-z/]*)?", fullmatch=True),
    st.binary(),
)
def test_any_other_path_or_method_is_refused(method: str, path: str, query: bytes) -> None:
    try:
        target = route(scope(method, path, query))
    except WebhookRefusal as refusal:
        refused = refusal.answer.status_code
    else:
        assert (target is None) == (path in {"/health", "/health/"})
        assert method == "POST" or (method in {"GET", "HEAD"} and not (query and target))
        return
    assert refused in {404, 405}


@given(st.binary())
def test_any_authorization_is_a_token_or_none(value: bytes) -> None:
    assert isinstance(bearer_token([(b"authorization", value)]), str)


@pytest.mark.parametrize(
    ("value", "token"),
    [(b"Bearer t", "t"), (b"bEARER  t ", "t"), (b"Bearer", ""), (b"Basic t", ""), (b"t", "")],
)
def test_only_bearer_has_a_token(value: bytes, token: str) -> None:
    authorization = (b"authorization", value)
    assert bearer_token([(b"accept", b"*/*"), authorization]) == token
    assert bearer_token([authorization, authorization]) == ""


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], ""),
        ([(b"webhook-id", b"w"), (b"idempotency-key", b"i")], "w"),
        ([(b"webhook-id", b""), (b"idempotency-key", b"i")], "i"),
        ([(b"svix-id", b"s"), (b"idempotency-key", b"i")], "s"),
        ([(b"svix-id", b"s"), (b"webhook-id", b"w")], "w"),
        ([(b"idempotency-key", b"\xff\x00")], "\xff\x00"),
        ([(b"webhook-id", b"x" * 10_240)], "x" * 10_240),
    ],
)
def test_the_senders_id(headers: list[tuple[bytes, bytes]], expected: str) -> None:
    assert sender_id(headers_of(scope(headers=headers))) == expected


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.binary(max_size=3))))
def test_of_repeated_headers_the_first_counts(headers: list[tuple[bytes, bytes]]) -> None:
    parsed = headers_of(scope(headers=headers))
    assert parsed.keys() == {name for name, _ in headers}
    for name, value in parsed.items():
        assert value == next(content for other, content in headers if other == name)


@pytest.mark.parametrize(
    ("length", "more"),
    [
        (b"11", True),
        (b"9" * 5_000, True),
        (b"10", False),
        (b"-1", False),
        (b"\xb2", False),
        (b"", False),
        (None, False),
    ],
)
def test_a_length_over_the_limit_is_noticed(length: bytes | None, *, more: bool) -> None:
    headers = {} if length is None else {b"content-length": length}
    assert announces_more(headers, 10) is more


@given(st.binary())
def test_any_length_is_over_the_limit_or_not(length: bytes) -> None:
    assert isinstance(announces_more({b"content-length": length}, 10), bool)
