"""Inflates compressed bodies step by step, so that a small body cannot become very large."""

import asyncio
import zlib
from collections.abc import Callable

from starlette.types import Scope

GZIP, DEFLATE = "gzip", "deflate"

ENCODINGS = (GZIP, DEFLATE)
"""The content codings that are inflated."""

_SAME_AS = {"x-gzip": GZIP}  # RFC 9110, section 8.4.1.3

_GZIP_FORMAT, _ZLIB_FORMAT, _RAW_FORMAT = 31, zlib.MAX_WBITS, -zlib.MAX_WBITS

STEP_BYTES = 1_048_576
"""The maximum bytes that are inflated before other requests get a turn."""

MOST_RATIO = 100
"""The maximum size of an inflated body, as a multiple of the size of the body as sent. This limit
applies only to inflated bodies of more than `STEP_BYTES`. The multiple is about 40 for a body of a
thousand similar events."""

MOST_MEMBERS = 10
"""The maximum number of gzip members in a body."""


class EncodingUnknown(Exception):
    """The body is compressed in a way that is not supported."""


class Broken(Exception):
    """The compressed body is damaged or cut."""


class InflatesTooMuch(Exception):
    """The inflated body is larger than the limit."""


def encoding_of(scope: Scope) -> str | None:
    """Return the content coding of a request's body; None if the body is not compressed.

    Raises:
        EncodingUnknown: the coding is not one of `ENCODINGS`, or there are several.
    """
    values = b",".join(value for name, value in scope["headers"] if name == b"content-encoding")
    if not values:
        return None
    sent = (text.strip().lower() for text in values.decode("latin-1").split(","))
    encodings = [_SAME_AS.get(text, text) for text in sent if text not in {"", "identity"}]
    if not encodings:
        return None
    if len(encodings) > 1 or encodings[0] not in ENCODINGS:
        raise EncodingUnknown
    return encodings[0]


async def inflate(sent: bytes, encoding: str, limit: int, take: Callable[[int], None]) -> bytes:
    """Inflate a body.

    Args:
        sent: the body's bytes as sent.
        encoding: one of `ENCODINGS`.
        limit: the maximum size of the inflated body in bytes.
        take: is called with the size of each inflated piece before the next piece is inflated; it
            may raise an error to stop.

    Raises:
        Broken: the body is damaged or cut, or has data after its end.
        InflatesTooMuch: the inflated body is larger than `limit`, or has more than `MOST_RATIO`
            times the size of the body that was sent.
    """
    limit = min(limit, max(STEP_BYTES, MOST_RATIO * len(sent)))
    format_number = _GZIP_FORMAT if encoding == GZIP else _deflate_format(sent)
    inflated = bytearray()
    for _ in range(MOST_MEMBERS):
        member = zlib.decompressobj(format_number)
        while not member.eof:
            try:
                piece = member.decompress(sent, min(STEP_BYTES, limit + 1 - len(inflated)))
            except zlib.error:
                raise Broken from None
            if len(inflated) + len(piece) > limit:
                raise InflatesTooMuch
            take(len(piece))
            inflated += piece
            sent = member.unconsumed_tail
            if not piece and not sent and not member.eof:
                raise Broken
            if len(piece) == STEP_BYTES:
                await asyncio.sleep(0)
        sent = member.unused_data
        if not sent:
            return bytes(inflated)
        if encoding != GZIP:
            break
    raise Broken


def _deflate_format(sent: bytes) -> int:
    """Return the format of a body with the coding ``deflate``.

    RFC 9110 defines this coding with zlib's header (RFC 1950), but some senders leave it out.
    """
    has_header = sent[:1] == b"x" and int.from_bytes(sent[:2], "big") % 31 == 0
    return _ZLIB_FORMAT if has_header else _RAW_FORMAT
