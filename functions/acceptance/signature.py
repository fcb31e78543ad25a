"""Standard Webhooks signatures: proof that a body, its id and its time come from the partner.

The scheme is that of https://www.standardwebhooks.com, version 1: HMAC-SHA256 over
``webhook-id.webhook-timestamp.body``. Headers are compared as the bytes that came over the wire,
so nothing in them can fail to decode.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
"""How long a key may be, by the scheme."""

_SIGNATURE_VERSION = b"v1,"

# Neither part has a full stop, so that id, time and body cannot be cut in a second way. Twelve
# digits are 30,000 years of seconds.
_ID = re.compile(rb"[^.]+")
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")


class SigningKey:
    """A partner's key; it is written nowhere by accident.

    Args:
        secret: as partners are given it: ``whsec_`` and base64, with or without padding.

    Raises:
        ValueError: it is of another form or length; the message quotes none of it.
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
            raise ValueError(f"a signing secret is not {PREFIX} and 24 to 64 bytes")

    def sign(self, content: bytes) -> bytes:
        """Return the signature as it stands in ``webhook-signature``: version and base64."""
        digest = hmac.digest(self._key, content, "sha256")
        return _SIGNATURE_VERSION + base64.b64encode(digest)


class _Signed(NamedTuple):
    """The three headers, as bytes; empty where one is missing."""

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
    """Tell whether one of the keys signed this request, recently.

    Signatures of other versions are passed over, as a sender may send several.

    Args:
        keys: any of which will do, so that a key can be replaced.
        headers: of the request, by lower-case names.
        body: the bytes as received.
        now: seconds since 1970, UTC.
        tolerance: seconds that the sender's clock may be off, either way.
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
