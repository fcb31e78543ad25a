"""The viewer is the e-mail address in an assertion that Google has signed."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.auth import jwt
from google.auth.crypt.es256 import ES256Signer
from google.auth.exceptions import TransportError
from starlette.datastructures import Headers

from functions.dashboard.identity import (
    IAP_ISSUER,
    IdentityAwareProxy,
    KeysUnavailable,
    verify_assertion,
)
from functions.web.caller import Unidentified
from tests.unit.identity_tokens import bearer

AUDIENCE = "/projects/1/locations/europe-west1/services/chat-eu-dashboard"


def says(**claims: Any) -> IdentityAwareProxy:
    """Return a proxy for which each assertion is genuine and has these claims."""
    return IdentityAwareProxy(AUDIENCE, lambda *_: {"iss": IAP_ISSUER} | claims)


def asserting(assertion: str) -> Headers:
    return Headers({"x-goog-iap-jwt-assertion": assertion})


ASSERTED = asserting("assertion")


def test_the_proxys_assertion_names_the_person() -> None:
    assert says(email="Ann@acme.example")(ASSERTED) == "ann@acme.example"


@pytest.mark.parametrize(
    "claims", [{}, {"email": None}, {"email": "ann"}, {"email": "a@b", "iss": "https://elsewhere"}]
)
def test_an_assertion_without_a_person_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(Unidentified):
        says(**claims)(ASSERTED)


def test_without_an_assertion_no_other_credential_counts() -> None:
    with pytest.raises(Unidentified):
        says(email="ann@acme.example")(Headers(bearer("ann@acme.example")))


def test_two_assertions_are_refused() -> None:
    with pytest.raises(Unidentified, match="more than once"):
        says(email="ann@acme.example")(Headers(raw=ASSERTED.raw * 2))


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> ec.EllipticCurvePrivateKey:
    """A private key; a request for the keys of the proxy gets its public key."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    fetched = {"k1": public.decode()}
    monkeypatch.setattr("google.oauth2.id_token._fetch_certs", lambda *_: fetched)
    return private


def signed(key: ec.EllipticCurvePrivateKey, **changes: Any) -> str:
    now = datetime.now(UTC)
    claims = {
        "iss": IAP_ISSUER,
        "aud": AUDIENCE,
        "email": "ann@acme.example",
        "iat": (now - timedelta(minutes=1)).timestamp(),
        "exp": (now + timedelta(minutes=9)).timestamp(),
    }
    assertion: bytes = jwt.encode(ES256Signer(key, "k1"), claims | changes)
    return assertion.decode()


def test_a_genuine_assertion_is_verified(key: ec.EllipticCurvePrivateKey) -> None:
    proxy = IdentityAwareProxy(AUDIENCE, verify_assertion)
    assert proxy(asserting(signed(key))) == "ann@acme.example"


def test_an_assertion_that_is_not_genuine_is_refused(key: ec.EllipticCurvePrivateKey) -> None:
    proxy = IdentityAwareProxy(AUDIENCE, verify_assertion)
    ago = (datetime.now(UTC) - timedelta(hours=1)).timestamp()
    for assertion in (
        signed(ec.generate_private_key(ec.SECP256R1())),
        signed(key, aud="/projects/1/locations/europe-west1/services/other"),
        signed(key, iat=ago, exp=ago + 600),
        signed(key)[:-4] + "AAAA",
        "nonsense",
        f"{base64.urlsafe_b64encode(b'[' * 20_000).decode()}.e30.e30",
        "",
    ):
        with pytest.raises(Unidentified):
            proxy(asserting(assertion))


def test_missing_keys_are_a_different_error_from_a_bad_assertion(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise TransportError

    monkeypatch.setattr("google.oauth2.id_token._fetch_certs", fail)
    with pytest.raises(KeysUnavailable):
        verify_assertion("a.b.c", AUDIENCE)
