"""Who asks: an e-mail address that Google has verified, or nobody.

There is one source for each deployment and no second: a request that came past it would otherwise
choose the weaker one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from functions.web.caller import Unidentified, address

Identify = Callable[[Mapping[str, str]], str]
"""Returns the e-mail address of who sent these headers, in lower case; may block."""

ASSERTION = "x-goog-iap-jwt-assertion"
IAP_KEYS = "https://www.gstatic.com/iap/verify/public_key"
IAP_ISSUER = "https://cloud.google.com/iap"
CLOCK_SKEW_SECONDS = 10


class KeysUnavailable(Exception):
    """The keys to verify an assertion with cannot be fetched."""


@dataclass(frozen=True, slots=True)
class IdentityAwareProxy:
    """Identifies who Identity-Aware Proxy has let in, by the assertion that it signs.

    Args:
        audience: what the assertions are for: this service.
        verify: returns the claims of an assertion for that audience, raises ValueError (or a
            subclass) for one that is not genuine; may block.
    """

    audience: str
    verify: Callable[[str, str], Mapping[str, Any]]

    def __call__(self, headers: Mapping[str, str]) -> str:
        """Identify.

        Raises:
            Unidentified: there is no assertion, or it is not genuine.
            KeysUnavailable: that cannot be told at the moment.
        """
        assertion = headers.get(ASSERTION, "")
        if not assertion:
            raise Unidentified("The request did not come through Identity-Aware Proxy.")
        try:
            said = self.verify(assertion, self.audience)
        except ValueError:
            raise Unidentified("The assertion of Identity-Aware Proxy is not genuine.") from None
        if said.get("iss") != IAP_ISSUER:
            raise Unidentified("The assertion is not of Identity-Aware Proxy.")
        return address(said.get("email"))


def verify_assertion(assertion: str, audience: str) -> Mapping[str, Any]:
    """Verify an assertion with Google's public keys, which are fetched.

    Raises:
        ValueError: it is not genuine, has expired or is for another audience.
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
    except GoogleAuthError as error:
        raise ValueError(type(error).__name__) from error
    return said
