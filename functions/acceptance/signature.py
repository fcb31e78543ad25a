"""Verifies Standard Webhooks signatures, which prove that a partner sent this body, id and time.

The scheme is version 1 of https://www.standardwebhooks.com: HMAC-SHA256 over
``webhook-id.webhook-timestamp.body``. Headers are compared as raw bytes, so decoding cannot fail.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
"""The key lengths that the scheme allows."""

_SIGNATURE_VERSION = b"v1,"

# Neither the id nor the time may contain a full stop, so that the signed text can be split in one
# way only. Twelve digits of seconds are enough for 30,000 years.
_ID = re.compile(rb"[^.]+")
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")


class SigningKey:
    """A partner's signing key; the object's text form hides the key, so log lines cannot show it.

    Args:
        secret: the partner's signing secret: ``whsec_`` and base64, with or without padding.

    Raises:
        ValueError: the secret has the wrong form or length; the message does not quote the secret.
    """

    __slots__ = ("_key",)

    def __init__(self, secret: str) -> None:
        encoded = secret.removeprefix(PREFIX).rstrip("=")
        padding = "=" * (-len(encoded) % 4)
        try:
            self._key = base64.b64decode(encoded + padding, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("a signing secret is not base64") from None
        if not secret.startswith(PREFIX) or len(self._key) not in KEY_BYTES:
            raise ValueError(f"a signing secret is not {PREFIX} and the base64 of 24 to 64 bytes")

    def sign(self, content: bytes) -> bytes:
        """Return the signature as in the header ``webhook-signature``: version and base64."""
        digest = hmac.digest(self._key, content, "sha256")
        return _SIGNATURE_VERSION + base64.b64encode(digest)


class _Signed(NamedTuple):
    """The three headers of a signed request, as bytes; a missing header is empty."""

    id: bytes
    timestamp: bytes
    signatures: bytes


def verify(
    keys: Iterable[SigningKey],
    headers: Mapping[bytes, bytes],
    body: bytes,
    *,
    now: float,
    tolerance: float,
) -> bool:
    """Return whether one of the keys signed this request recently.

    Signatures of other versions are ignored, because a sender may send several versions.

    Args:
        keys: the valid keys: one, or more during a rotation.
        headers: the request's headers, by lower-case names.
        body: the body's bytes as received.
        now: the current time in seconds since 1970, UTC.
        tolerance: the maximum difference, in seconds, between ``now`` and the sender's time, in
            either direction.
    """
    signed = _Signed(
        *(
            headers.get(name, b"")
            for name in (b"webhook-id", b"webhook-timestamp", b"webhook-signature")
        )
    )
    if not _ID.fullmatch(signed.id) or not _TIMESTAMP.fullmatch(signed.timestamp):
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
