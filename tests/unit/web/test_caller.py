"""The caller is the e-mail address in an identity token that Google has verified."""

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from functions.web.caller import Claims, Malformed, Unidentified, claims, invoker
from tests.unit.identity_tokens import bearer, token

SERVERLESS = "x-serverless-authorization"


def test_the_caller_is_who_the_token_names() -> None:
    assert invoker(Headers(bearer("Ann@Acme.example"))) == "ann@acme.example"


def test_of_two_tokens_the_one_counts_that_cloud_run_checks() -> None:
    forged = bearer("operator@acme.example")
    checked = forged | bearer("eve@acme.example", SERVERLESS)
    assert invoker(Headers(checked)) == "eve@acme.example"
    with pytest.raises(Unidentified):
        invoker(Headers(forged | {SERVERLESS: ""}))


@pytest.mark.parametrize("name", ["authorization", SERVERLESS])
def test_two_tokens_of_one_kind_are_refused(name: str) -> None:
    good = [(name.encode(), value.encode()) for value in bearer("ann@acme.example").values()]
    other = [(b"authorization", b"Bearer other")] if name == SERVERLESS else []
    assert invoker(Headers(raw=[*good, *other])) == "ann@acme.example"
    with pytest.raises(Unidentified, match="more than once"):
        invoker(Headers(raw=[*good, *good, *other]))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Basic YTpi",
        "Bearer a.b",
        "Bearer a.b.c",
        "Bearer a.\u00e9.c",
        f"Bearer {token({'email': 'ann@acme.example'})}",
        f"Bearer {token({'email': 'ann@acme.example', 'email_verified': False})}",
        f"Bearer {token({'email': 'ann@acme.example', 'email_verified': 'yes'})}",
        f"Bearer {token({'email': ['ann@acme.example'], 'email_verified': True})}",
        f"Bearer {token({'email': '', 'email_verified': True})}",
        f"Bearer {token([])}",
        f"Bearer a.{base64.urlsafe_b64encode(b'[' * 20_000).decode()}.c",
    ],
)
def test_any_other_header_names_no_caller(header: str) -> None:
    with pytest.raises(Unidentified):
        invoker(Headers({"authorization": header}))


@given(st.text())
def test_any_token_is_read_or_refused(text: str) -> None:
    with suppress(Malformed):
        assert isinstance(claims(text), Claims)
