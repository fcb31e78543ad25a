"""Splits large bodies into JSON values with msgspec alone.

For a body of 10 MB, Python's own decoder (`functions.acceptance.values`) would hold up other
requests for a second, and take hundreds of megabytes. msgspec finds the ends of all values in at
most 60 milliseconds, without decoding them. But it refuses half surrogate pairs, which JavaScript
sends. So they are masked before: each escaped surrogate becomes another character, which takes as
many bytes. The values have the bytes of the original body.
"""

import re
from functools import cache
from itertools import islice
from typing import TypeVar

import msgspec

from functions.acceptance.values import NotJson, lines

MOST_COUNTED = 16_384
"""Up to this number, only as many elements of an array are split off as are asked for. The operator
would have to raise the limit of events in a request far, to have more of them asked for."""

_GAP = re.compile(rb"[ \t\r\n,]*")
_POSITION = re.compile(r"\(byte (\d+)\)")

_VALUE = msgspec.json.Decoder(msgspec.Raw)
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


def split(text: bytes, most: int) -> list[bytes]:
    """Return the bytes of each element of an array, or of each line of NDJSON.

    Text that is one JSON value is returned as it is, and so is an empty array.

    Args:
        text: the body, without surrounding space.
        most: the maximum number of values to return, at least 2.

    Raises:
        NotJson: the text is neither one JSON value, nor JSON values on a line each.
    """
    if text.startswith(b"["):
        return _elements(text, most) or [text]
    try:
        check(text)
    except NotJson:
        found = [*islice(lines(text), most)]
        if len(found) < 2:
            raise
        for line in found:
            check(line)
        return found
    return [text]


def check(data: bytes) -> None:
    """Check that some bytes are one JSON value.

    Raises:
        NotJson: they are not, or the value is nested too deeply.
    """
    _decode(_VALUE, _masked(data))


def _masked(data: bytes) -> bytes:
    r"""Replace escaped surrogates, which begin with ``\ud8`` to ``\udf``.

    All escapes from ``\ud0`` on become characters of the private use area. If the backslash is
    itself escaped, the text changes, but it is still a text of the same length.
    """
    for start in (rb"\ud", rb"\uD"):
        data = data.replace(start, rb"\ue")
    return data


def _elements(text: bytes, most: int) -> list[bytes]:
    masked = _masked(text)
    raws = _first_elements(masked, most)
    if masked == text:
        return [bytes(raw) for raw in raws]
    elements: list[bytes] = []
    end = 1
    for raw in raws:
        start = _GAP.match(text, end).end()  # type: ignore[union-attr]  # it matches anything
        end = start + len(bytes(raw))
        elements.append(text[start:end])
    return elements


def _first_elements(array: bytes, most: int) -> list[msgspec.Raw]:
    if most > MOST_COUNTED:
        return _decode(_ARRAY, array)[:most]
    fields = msgspec.structs.astuple(_decode(_counted(1 << most.bit_length()), array))
    return [raw for raw in fields[:most] if raw is not msgspec.UNSET]


@cache
def _counted(size: int) -> msgspec.json.Decoder[msgspec.Struct]:
    """Return a decoder for the first elements of an array, which skips all others.

    A list would take an object for each element, and an array may have millions of them.
    """
    fields = [(f"element_{number}", msgspec.Raw, msgspec.UNSET) for number in range(size)]
    return msgspec.json.Decoder(msgspec.defstruct("Elements", fields, array_like=True))


_T = TypeVar("_T")


def _decode(decoder: msgspec.json.Decoder[_T], data: bytes) -> _T:
    try:
        return decoder.decode(data)
    except RecursionError:
        raise NotJson("the body is nested too deeply") from None
    except msgspec.DecodeError as error:
        found = _POSITION.search(str(error))
        raise NotJson(f"the body is not JSON{f' at byte {found[1]}' if found else ''}") from None
