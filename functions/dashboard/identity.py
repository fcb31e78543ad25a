"""Identifies viewers through Identity-Aware Proxy, by e-mail addresses that Google has verified.

A deployment without the proxy uses `functions.web.caller.invoker` instead. No deployment accepts
both, because then a request could choose the weaker one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers

from functions.web.caller import Unidentified, address, only

Identify = Callable[[Headers], str]
"""Takes the headers of a request; returns the caller's e-mail address in lower case. May block."""

ASSERTION = "x-goog-iap-jwt-assertion"
IAP_KEYS = "https://www.gstatic.com/iap/verify/public_key"
IAP_ISSUER = "https://cloud.google.com/iap"
CLOCK_SKEW_SECONDS = 10


class KeysUnavailable(Exception):
    """Google's public keys cannot be fetched, so no assertion can be verified."""


@dataclass(frozen=True, slots=True)
class IdentityAwareProxy:
    """Identifies a person by the signed assertion that Identity-Aware Proxy adds to each request.

    Args:
        audience: the audience that assertions must have; it names this service.
        verify: takes an assertion and the audience; returns the assertion's claims. Raises
            ValueError if the assertion is not genuine, and KeysUnavailable if Google's public keys
            cannot be fetched. May block.
    """

    audience: str
    verify: Callable[[str, str], Mapping[str, Any]]

    def __call__(self, headers: Headers) -> str:
        """Return the e-mail address, in lower case, of the person who sent a request.

        Raises:
            Unidentified: the request has no genuine assertion of Identity-Aware Proxy or more than
                one, or the assertion has no e-mail address.
            KeysUnavailable: Google's public keys cannot be fetched.
        """
        assertion = only(headers, ASSERTION)
        if not assertion:
            raise Unidentified("The request did not come through Identity-Aware Proxy.")
        try:
            said = self.verify(assertion, self.audience)
        except ValueError:
            raise Unidentified("The assertion of Identity-Aware Proxy is not genuine.") from None
        if said.get("iss") != IAP_ISSUER:
            raise Unidentified("The assertion does not come from Identity-Aware Proxy.")
        return address(said.get("email"))


def verify_assertion(assertion: str, audience: str) -> Mapping[str, Any]:
    """Fetch Google's public keys, verify an assertion, and return its claims.

    Raises:
        ValueError: the assertion is not genuine, has expired, or is for another audience.
        KeysUnavailable: the keys cannot be fetched.
    """
    from google.auth.exceptions import GoogleAuthError, TransportError  # noqa: PLC0415 - slow
    from google.auth.transport.requests import Request  # noqa: PLC0415
    from google.oauth2.id_token import verify_token  # noqa: PLC0415

    try:
        said: Mapping[str, Any] = verify_token(
            assertion,
            Request(),
            audience=audience,
            certs_url=IAP_KEYS,
            clock_skew_in_seconds=CLOCK_SKEW_SECONDS,
        )
    except TransportError as error:
        raise KeysUnavailable from error
    except (GoogleAuthError, RecursionError) as error:
        # An assertion that is nested too deeply causes a RecursionError.
        raise ValueError(type(error).__name__) from error
    return said
