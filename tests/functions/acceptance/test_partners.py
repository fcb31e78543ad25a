"""The partners' secret: its form, and whom a token belongs to."""

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.acceptance.partners import Directory


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def secret(**tokens: list[str]) -> bytes:
    partners = {
        name: {"tokens_sha256": list(map(digest, of)), "projects": {name: "eu"}}
        for name, of in tokens.items()
    }
    return json.dumps({"partners": partners}).encode()


def test_two_tokens_are_valid_while_one_is_rotated() -> None:
    directory = Directory.from_json(secret(a=["old", "new"], b=["other"]))
    assert [(directory.find(token) or "-")[0] for token in ("old", "new", "other", "x", "")] == [
        "a",
        "a",
        "b",
        "-",
        "-",
    ]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b'{"partners": 1}',
        secret(a=[]),
        secret(a=["1", "2", "3"]),
        secret(a=["same"], b=["same"]),
        secret(a=["1"]).replace(b'"a": "eu"', b'"": "eu"'),
        secret(**{"a/b": ["1"]}),
        secret(**{"": ["1"]}),
        secret(a=["1"]).replace(b'"projects"', b'"signing_secrets": [7], "projects"'),
        secret(a=["1"]).replace(b"projects", b"project"),
        secret(a=["1"]).replace(digest("1").encode(), b"plain-token"),
    ],
)
def test_a_malformed_secret_is_refused_without_quoting_it(text: bytes) -> None:
    with pytest.raises(ValueError, match="partners") as caught:
        Directory.from_json(text)
    assert "plain-token" not in str(caught.value)


def test_no_token_is_nobodys_whatever_the_secret_says() -> None:
    assert Directory.from_json(secret(a=["", "t"])).find("") is None


@given(st.text(st.characters(codec=None)))
def test_any_other_token_is_nobodys(token: str) -> None:
    assert Directory.from_json(secret(a=["token-of-a"])).find(token) is None


def test_signing_secrets_are_read_and_never_shown() -> None:
    text = secret(a=["t"]).replace(b'"projects"', b'"signing_secrets": ["%s"], "projects"')
    key = base64.b64encode(b"k" * 24)
    found = Directory.from_json(text % (b"whsec_" + key)).find("t")
    assert found
    assert len(found[1].signing_secrets) == 1
    assert key.decode() not in repr(found)
    for wrong in (key, b"whsec_", b"whsec_" + base64.b64encode(b"k" * 23), b"whsec_k" + key):
        with pytest.raises(ValueError, match="partners") as caught:
            Directory.from_json(text % wrong)
        assert key.decode() not in str(caught.value)
