"""Reads an event's JSON as tolerantly as is safe, and writes JSON that BigQuery takes.

``receive`` and ``load`` read with the same function. What ``receive`` answers with 200 is therefore
never too odd for ``load``.
"""

import json
import re
from typing import NoReturn

import msgspec

INT64 = range(-(2**63), 2**63)

MAX_DEPTH = 500
"""Levels of nesting that an event may have; every decoder here follows so many."""

STORED_DEPTH = 100
"""Levels kept in a JSON column; what lies deeper is kept as text. BigQuery takes 500."""

LONGEST_INTEGER = 4_000
"""Digits up to which an integer is read as a number; Python converts 4,300 at most."""

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:u0000|.)", re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


class BadMessage(Exception):
    """A message that cannot become a row, however often it is delivered.

    Attributes:
        reason: a code such as ``not_json``; it names no value.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def decode_json(data: bytes) -> object:
    r"""Decode an event's body; all JSON is accepted up to `MAX_DEPTH`.

    What no column can hold is replaced, so that it does not cost the event:

    - Half of a surrogate pair, as in ``"\ud83d"``, becomes U+FFFD. It is common: JavaScript sends
      one for a text that was cut within a character outside the basic plane.
    - The character NUL (``"\u0000"``) becomes U+FFFD, too.
    - A number that no 64-bit number holds, such as ``1e400``, and an integer of more than
      `LONGEST_INTEGER` digits become their own text.

    Raises:
        BadMessage: ``not_json``, or ``too_deep``.
    """
    if is_too_deep(data):
        raise BadMessage("too_deep")
    if b"\\u0000" in data:
        data = _ESCAPE.sub(_without_nul, data)
    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError):
        pass
    try:
        return _decode_odd(data)
    except ValueError:
        raise BadMessage("not_json") from None
    except RecursionError:
        raise BadMessage("too_deep") from None


def is_too_deep(data: bytes) -> bool:
    """Say whether a JSON text is nested deeper than `MAX_DEPTH`.

    Nearly every event has fewer brackets than that, and counting them costs next to nothing.
    """
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", data)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _decode_odd(data: bytes) -> object:
    decoded = READER.decode(data.decode())
    text = json.dumps(decoded, ensure_ascii=False, allow_nan=False)
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return READER.decode(whole)


def _without_nul(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape[0] == rb"\u0000" else escape[0]


def _read_integer(digits: str) -> int | str:
    return digits if len(digits) > LONGEST_INTEGER else int(digits)


def _read_float(digits: str) -> float | str:
    number = float(digits)
    return digits if number in {float("inf"), float("-inf")} else number


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("JSON knows neither NaN nor Infinity")


READER = json.JSONDecoder(
    parse_int=_read_integer, parse_float=_read_float, parse_constant=_refuse_constant
)
"""Reads what msgspec refuses: half a surrogate pair and numbers of any size."""


def encode_exactly(value: object) -> bytes:
    """Write what `decode_json` returned as JSON again, each number as a number."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def encode_json(value: object) -> str:
    """Write what `decode_json` returned as JSON for a BigQuery column of that type.

    BigQuery refuses a whole row if a number in its JSON does not print back the same: ZetaSQL
    compares the digits with those that its own library prints (``CheckNumberRoundtrip`` in
    ``googlesql/public/json_value.cc``), and that library does not always print the shortest ones,
    as for ``67.174118``. So only integers of 64 bits are written as numbers, and all others as
    text. Then a property has the same JSON type whatever its digits are; ``JSON_VALUE`` and
    ``LAX_FLOAT64`` read both forms alike. What is nested deeper than `STORED_DEPTH` becomes the
    text of its JSON.
    """
    return msgspec.json.encode(storable(value, STORED_DEPTH)).decode()


def storable(value: object, depth: int) -> object:
    """Return a value as BigQuery's JSON can hold it.

    Args:
        value: as `decode_json` returns it.
        depth: levels of nesting that are kept.
    """
    if isinstance(value, dict | list) and depth == 0:
        return encode_exactly(value).decode()
    if isinstance(value, dict):
        return {name: storable(member, depth - 1) for name, member in value.items()}
    if isinstance(value, list):
        return [storable(element, depth - 1) for element in value]
    if isinstance(value, float) or (isinstance(value, int) and value not in INT64):
        return repr(value)
    return value
