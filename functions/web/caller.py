"""Who calls: the e-mail address that Cloud Run has checked, or nobody."""

import base64
import binascii
from collections.abc import Mapping

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


class Unidentified(Exception):
    """Nobody vouches for who asks.

    Args:
        reason: why not, in words for that person; nothing of the credentials.
    """


def invoker(headers: Mapping[str, str]) -> str:
    """Identify the caller that Cloud Run has checked (IAM, ``roles/run.invoker``).

    It verifies the identity token and passes it on with the signature taken away, so here it is
    only read. Where ``X-Serverless-Authorization`` is given, Cloud Run checks that one alone and
    lets anything through in ``Authorization``.

    Raises:
        Unidentified: there is no token, or it names no verified address.
    """
    header = headers.get("x-serverless-authorization", headers.get("authorization", ""))
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unidentified("The request carries no identity token.")
    try:
        said = claims(token.strip())
    except Malformed:
        raise Unidentified("The identity token cannot be read.") from None
    return address(said.email if said.email_verified else "")


def address(email: object) -> str:
    """Return an e-mail address in lower case.

    Raises:
        Unidentified: it is none.
    """
    try:
        email_address = msgspec.convert(email, str).strip().lower()
    except msgspec.ValidationError:
        email_address = ""
    if "@" not in email_address:
        raise Unidentified("The identity has no verified e-mail address.")
    return email_address
