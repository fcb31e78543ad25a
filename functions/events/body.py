"""Decodes the JSON of events, and encodes JSON for BigQuery.

Decoding accepts much that is not correct JSON. ``receive`` and ``load`` decode events with the same
function, so ``load`` can read every event that ``receive`` accepts.
"""

import json
import re
from collections.abc import Callable, Container
from itertools import accumulate
from typing import NoReturn

import msgspec

INT64 = range(-(2**63), 2**63)

MAX_DEPTH = 500
"""The maximum depth of arrays and objects in an event. Every decoder used here can read this
depth."""

STORED_DEPTH = 100
"""The maximum depth of arrays and objects in a JSON column. Deeper values are stored as text.
BigQuery's own limit is 500."""

LONGEST_INTEGER = 4_000
"""An integer with more digits than this becomes text. Python itself reads integers of up to 4,300
digits."""

CAREFUL_BYTES = 1_048_576
"""The maximum bytes of JSON that may have any number of values, and that `receive` reads with the
careful decoder, which accepts half surrogate pairs, and events in unusual forms."""

MOST_IN_ONE_GO = 200_000
"""The maximum number of commas and opening brackets in JSON of more than `CAREFUL_BYTES`. A decoder
takes up to 100 milliseconds for so many values, and no other request gets a turn meanwhile."""

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:u0000|.)", re.DOTALL)
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # 1 and -1 as signed bytes
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))
_PIECE = 65_536


class BadMessage(Exception):
    """A message cannot become a row, even if Pub/Sub delivers it again.

    Attributes:
        reason: a reason code such as ``not_json``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def decode_json(data: bytes, repeated: Container[str] = ()) -> object:
    r"""Decode an event's JSON.

    If an object has several members with the same name, the last one counts. If the name is in
    `repeated`, the values of all these members become one list.

    Values that no column can hold are replaced, so that the event can still be stored:

    - Half a surrogate pair, such as ``"\ud83d"``, becomes U+FFFD. JavaScript often sends one,
      after it has cut a text inside a character such as an emoji.
    - The character NUL (``"\u0000"``) also becomes U+FFFD.
    - A number beyond the range of a 64-bit float, such as ``1e400``, becomes text.
    - An integer of more than `LONGEST_INTEGER` digits becomes text.

    Args:
        data: the event's bytes as sent.
        repeated: the names of members that may be repeated.

    Raises:
        BadMessage: the reason is ``not_json``, or ``too_deep`` if the depth is above `MAX_DEPTH`.
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
    """Return whether arrays and objects in a JSON text are nested deeper than `MAX_DEPTH`.

    The brackets are counted first, because that is fast, and nearly every event has few brackets.
    """
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return False
    steps = _STRING.sub(b"", data).translate(_STEPS, _NO_BRACKETS)
    depth = 0
    for start in range(0, len(steps), _PIECE):  # other threads get a turn after each piece
        depths = [*accumulate(memoryview(steps[start : start + _PIECE]).cast("b"), initial=depth)]
        if max(depths) > MAX_DEPTH:
            return True
        depth = depths[-1]
    return False


def has_too_many_values(data: bytes) -> bool:
    """Return whether JSON has so many values that decoding it would hold up other requests.

    JSON of up to `CAREFUL_BYTES` never does.
    """
    if len(data) <= CAREFUL_BYTES:
        return False
    return sum(map(data.count, (b",", b"[", b"{"))) > MOST_IN_ONE_GO


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
"""A JSON decoder for texts with half surrogate pairs or very large numbers, which msgspec
refuses."""


def _joining(repeated: Container[str]) -> json.JSONDecoder:
    """Return a JSON decoder that joins members with the same name, if `repeated` has the name."""

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
    """Encode a value from `decode_json` as JSON in UTF-8. Numbers stay as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def encode_json(value: object) -> str:
    """Encode a value from `decode_json` for a BigQuery column of the type JSON.

    64-bit integers are written as numbers, all other numbers as text. BigQuery refuses a whole row
    if a number in a JSON column does not round-trip: when BigQuery prints the number, the digits
    must be the same (``CheckNumberRoundtrip`` in ``googlesql/public/json_value.cc``). Some numbers
    fail, such as ``67.174118``. Every float becomes text, so the JSON type does not depend on the
    digits. ``JSON_VALUE`` and ``LAX_FLOAT64`` read both forms.

    A value that is nested deeper than `STORED_DEPTH` becomes a text with the value's JSON.
    """
    return msgspec.json.encode(storable(value, STORED_DEPTH)).decode()


def storable(value: object, depth: int) -> object:
    """Return a value that a BigQuery column of the type JSON can hold.

    Numbers that are not 64-bit integers become text, and so do deeply nested values.

    Args:
        value: a value from `decode_json`.
        depth: the levels of arrays and objects to keep; deeper ones become text.
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
