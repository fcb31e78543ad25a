"""Reads an identity token that somebody else has verified (JWS compact serialisation, RFC 7515)."""

import base64
import binascii

import msgspec


class Malformed(ValueError):
    """It is not a token, or not one of a person or account."""


class Claims(msgspec.Struct, frozen=True):
    """What an identity token says of its owner.

    Attributes:
        email: empty where it does not say.
        email_verified: whether Google vouches for the address.
    """

    email: str = ""
    email_verified: bool = False


_CLAIMS = msgspec.json.Decoder(Claims)


def claims(token: str) -> Claims:
    """Read a token's claims without verifying anything.

    Raises:
        Malformed: it is not header, payload and signature, or the payload is not claims.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise Malformed
    payload = parts[1]
    try:
        text = base64.urlsafe_b64decode(payload.encode("ascii") + b"=" * (-len(payload) % 4))
        return _CLAIMS.decode(text)
    except (UnicodeError, binascii.Error, msgspec.DecodeError):
        raise Malformed from None
