"""Reads an event's JSON as tolerantly as is safe, and writes JSON that BigQuery accepts.

``receive`` and ``load`` read events with the same function, so ``load`` can read every event that
``receive`` accepts.
"""

import json
import re
from collections.abc import Callable, Container
from typing import NoReturn

import msgspec

INT64 = range(-(2**63), 2**63)

MAX_DEPTH = 500
"""The maximum levels of nesting in an event; every decoder used here can read that many."""

STORED_DEPTH = 100
"""The maximum levels of nesting in a JSON column; deeper values are stored as text. BigQuery's own
limit is 500."""

LONGEST_INTEGER = 4_000
"""The maximum digits of an integer that is read as a number; Python's limit is 4,300 digits."""

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:u0000|.)", re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


class BadMessage(Exception):
    """A message that cannot become a row, however often it is delivered.

    Attributes:
        reason: a reason code such as ``not_json``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def decode_json(data: bytes, repeated: Container[str] = ()) -> object:
    r"""Decode an event's JSON, up to `MAX_DEPTH`.

    If an object has several members with the same name, the last one counts. If the name is in
    `repeated`, the values of all these members become one list.

    Values that no column can hold are replaced, so that the event can still be stored:

    - Half a surrogate pair, such as ``"\ud83d"``, becomes U+FFFD. It is common: JavaScript sends
      one for a text that was cut inside a character outside the Basic Multilingual Plane.
    - The character NUL (``"\u0000"``) becomes U+FFFD, too.
    - A number beyond the range of a 64-bit float, such as ``1e400``, and an integer of more than
      `LONGEST_INTEGER` digits become text.

    Args:
        data: the event's bytes as sent.
        repeated: the names of members that may be repeated.

    Raises:
        BadMessage: the reason is ``not_json`` or ``too_deep``.
    """
    if is_too_deep(data):
        raise BadMessage("too_deep")
    if b"\\u0000" in data:
        data = _ESCAPE.sub(_without_nul, data)
    if not repeated:
        try:
            return msgspec.json.decode(data)
        except (ValueError, RecursionError):
            pass
    try:
        return _decode_odd(data, _joining(repeated) if repeated else READER)
    except ValueError:
        raise BadMessage("not_json") from None
    except RecursionError:
        raise BadMessage("too_deep") from None


def is_too_deep(data: bytes) -> bool:
    """Return whether a JSON text is nested deeper than `MAX_DEPTH`.

    Counting brackets first is fast, and nearly every event has fewer brackets than `MAX_DEPTH`.
    """
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", data)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _decode_odd(data: bytes, reader: json.JSONDecoder) -> object:
    decoded = reader.decode(data.decode())
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
    raise ValueError("JSON has neither NaN nor Infinity")


_Members = list[tuple[str, object]]


def _reader(read_object: Callable[[_Members], dict[str, object]] | None) -> json.JSONDecoder:
    return json.JSONDecoder(
        parse_int=_read_integer,
        parse_float=_read_float,
        parse_constant=_refuse_constant,
        object_pairs_hook=read_object,
    )


READER = _reader(None)
"""Reads JSON that msgspec refuses, because it has half a surrogate pair or a very large number."""


def _joining(repeated: Container[str]) -> json.JSONDecoder:
    """Return a JSON reader. If an object repeats one of these names, the values become one list."""

    def read_object(members: _Members) -> dict[str, object]:
        joined = dict(members)
        if len(joined) == len(members):
            return joined
        values: dict[str, list[object]] = {}
        for name, member in members:
            if name in repeated:
                values.setdefault(name, []).append(member)
        return joined | {name: _flat(found) for name, found in values.items() if len(found) > 1}

    return _reader(read_object)


def _flat(values: list[object]) -> list[object]:
    return [one for value in values for one in (value if isinstance(value, list) else [value])]


def encode_exactly(value: object) -> bytes:
    """Encode a value from `decode_json`; unlike `encode_json`, write every number as a number."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def encode_json(value: object) -> str:
    """Encode a value from `decode_json` for a BigQuery column of the type JSON.

    Only 64-bit integers are written as numbers; all other numbers are written as text, because
    BigQuery refuses a whole row if a number in a JSON column does not round-trip. ZetaSQL prints
    the number with its own library and compares the digits (``CheckNumberRoundtrip`` in
    ``googlesql/public/json_value.cc``), and for some numbers, such as ``67.174118``, that library
    does not print the shortest form. With this rule, the JSON type of a property does not depend on
    the digits; ``JSON_VALUE`` and ``LAX_FLOAT64`` read both forms. A value nested deeper than
    `STORED_DEPTH` becomes text that contains the value's JSON.
    """
    return msgspec.json.encode(storable(value, STORED_DEPTH)).decode()


def storable(value: object, depth: int) -> object:
    """Return a value in a form that BigQuery's JSON can hold.

    Args:
        value: a value from `decode_json`.
        depth: the levels of nesting to keep; deeper values become text.
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
