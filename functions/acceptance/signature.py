"""Verifies Standard Webhooks signatures, which prove that a partner sent a request.

The scheme is version 1 of https://www.standardwebhooks.com: HMAC-SHA256 over
``webhook-id.webhook-timestamp.body``. Headers are compared as bytes, because decoding them could
fail.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
"""The lengths in bytes that Standard Webhooks allows for a signing key."""

_SIGNATURE_VERSION = b"v1,"

# The signed text joins the id, the time and the body with full stops. So the id and the time must
# not contain a full stop. Twelve digits of seconds are enough for 30,000 years.
_ID = re.compile(rb"[^.]+")
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")


class SigningKey:
    """A partner's signing key. Its text form hides the key, so log lines cannot show it.

    Args:
        secret: the partner's signing secret: ``whsec_`` and base64, with or without padding.

    Raises:
        ValueError: the secret has the wrong form or length; the message does not quote it.
    """

    __slots__ = ("_key",)

    def __init__(self, secret: str) -> None:
        encoded = secret.removeprefix(PREFIX).rstrip("=")
        padding = "=" * (-len(encoded) % 4)
        try:
            self._key = base64.b64decode(encoded + padding, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"a signing secret must be {PREFIX} followed by base64") from None
        if not secret.startswith(PREFIX) or len(self._key) not in KEY_BYTES:
            raise ValueError(
                f"a signing secret must be {PREFIX} followed by the base64 of 24 to 64 bytes"
            )

    def sign(self, content: bytes) -> bytes:
        """Sign bytes; return a signature in the form of the header ``webhook-signature``."""
        digest = hmac.digest(self._key, content, "sha256")
        return _SIGNATURE_VERSION + base64.b64encode(digest)


class _Signed(NamedTuple):
    """The three headers of a signed request, as bytes; a missing header is empty."""

    id: bytes
    timestamp: bytes
    signatures: bytes


_STANDARD = _Signed(b"webhook-id", b"webhook-timestamp", b"webhook-signature")
_SVIX = _Signed(b"svix-id", b"svix-timestamp", b"svix-signature")
"""The names under which Svix, the author of the scheme, sends the same headers."""

_ABSENT = _Signed(b"", b"", b"")


def _signed(headers: Mapping[bytes, bytes]) -> _Signed | None:
    """Return the three headers; None if they are sent under both names and differ."""
    standard, svix = (
        _Signed(*(headers.get(name, b"") for name in names)) for names in (_STANDARD, _SVIX)
    )
    if standard == _ABSENT:
        return svix
    return standard if svix in {_ABSENT, standard} else None


def verify(
    keys: Iterable[SigningKey],
    headers: Mapping[bytes, bytes],
    body: bytes,
    *,
    now: float,
    tolerance: float,
) -> bool:
    """Return whether a request is signed with one of the keys, and was sent recently.

    The request may have several signatures, some of them by other versions of the scheme. One valid
    signature of version 1 is enough. If the request has both ``webhook-`` and ``svix-`` headers,
    their values must be the same.

    Args:
        keys: the valid keys: one, or more during a rotation.
        headers: the request's headers, by lower-case names.
        body: the body's bytes as received.
        now: the current time in seconds since 1970, UTC.
        tolerance: the maximum seconds between ``now`` and the time in the request; that time may be
            earlier or later than ``now``.
    """
    signed = _signed(headers)
    if signed is None or not _ID.fullmatch(signed.id) or not _TIMESTAMP.fullmatch(signed.timestamp):
        return False
    if abs(now - int(signed.timestamp)) > tolerance:
        return False
    content = b"%b.%b.%b" % (signed.id, signed.timestamp, body)
    expected = [key.sign(content) for key in keys]
    return any(
        hmac.compare_digest(signature, own)
        for signature in signed.signatures.split(b" ")
        for own in expected
    )
