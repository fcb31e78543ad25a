"""Identifies callers by the e-mail address in an identity token that Cloud Run has verified."""

import base64
import binascii

import msgspec
from starlette.datastructures import Headers

from functions.web.malformed import MALFORMED


class Malformed(ValueError):
    """The text is not an identity token, or its payload cannot be read."""


class Claims(msgspec.Struct, frozen=True):
    """The claims in an identity token that identify the caller.

    Attributes:
        email: the e-mail address; empty if the token has none.
        email_verified: whether Google has verified the address.
    """

    email: str = ""
    email_verified: bool = False


_CLAIMS = msgspec.json.Decoder(Claims)


def claims(token: str) -> Claims:
    """Read a token's claims without verifying the token.

    Raises:
        Malformed: the token does not have three parts, or its payload cannot be read.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise Malformed
    payload = parts[1]
    try:
        text = base64.urlsafe_b64decode(payload.encode("ascii") + b"=" * (-len(payload) % 4))
        return _CLAIMS.decode(text)
    except (UnicodeError, binascii.Error, *MALFORMED):
        raise Malformed from None


class Unidentified(Exception):
    """The caller cannot be identified.

    Args:
        reason: a sentence for the caller that says why, without quoting credentials.
    """


def only(headers: Headers, name: str) -> str | None:
    """Return the value of a header; None if the request does not have it.

    Raises:
        Unidentified: the request has the header more than once, so it is unclear which one counts.
    """
    values = headers.getlist(name)
    if len(values) > 1:
        raise Unidentified(f"The request has the header {name} more than once.")
    return values[0] if values else None


def invoker(headers: Headers) -> str:
    """Return the caller's e-mail address, from an identity token that Cloud Run has verified.

    Cloud Run verifies the token (IAM, ``roles/run.invoker``) and passes it on without its
    signature, so this function does not verify it. If a request has the header
    ``X-Serverless-Authorization``, Cloud Run verifies only the token there. Then this function does
    not read ``Authorization``, which can contain anything.

    Raises:
        Unidentified: the request has no readable token or more than one, or the token has no
            verified address.
    """
    header = only(headers, "x-serverless-authorization")
    if header is None:
        header = only(headers, "authorization") or ""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unidentified("The request carries no identity token.")
    try:
        said = claims(token.strip())
    except Malformed:
        raise Unidentified("The identity token cannot be read.") from None
    return address(said.email if said.email_verified else "")


def address(email: object) -> str:
    """Return a caller's e-mail address in lower case.

    Raises:
        Unidentified: the value is not an e-mail address.
    """
    try:
        email_address = msgspec.convert(email, str).strip().lower()
    except msgspec.ValidationError:
        email_address = ""
    if "@" not in email_address:
        raise Unidentified("The identity has no verified e-mail address.")
    return email_address
