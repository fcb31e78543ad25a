"""Reads an event's JSON as tolerantly as is safe, and writes JSON that BigQuery takes."""

import json
import math

import msgspec

INT64 = range(-(2**63), 2**63)

DEPTH = 100
"""Levels of nesting kept in a JSON column; what lies deeper is kept as text. BigQuery takes 500."""


class BadMessage(Exception):
    """A message that cannot become a row, however often it is delivered.

    Attributes:
        reason: a code such as ``not_json``; it names no value.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def decode_json(data: bytes) -> object:
    r"""Decode an event's body.

    Text that a sender cut within a character outside the basic plane ends in half of a pair, as
    in ``"\ud83d"``. It is common (JavaScript cuts so) and no UTF-8 can hold it: such a half
    becomes U+FFFD instead of costing the event.

    Raises:
        BadMessage: ``not_json``; ``too_deep`` for what no decoder follows; ``number_out_of_range``
            for what no 64-bit number holds, such as ``1e400``, or has thousands of digits.
    """
    try:
        return msgspec.json.decode(data)
    except RecursionError:
        raise BadMessage("too_deep") from None
    except ValueError:
        pass
    try:
        return _decode_halves(data)
    except RecursionError:
        raise BadMessage("too_deep") from None


def _decode_halves(data: bytes) -> object:
    try:
        decoded = json.loads(data, parse_constant=_refuse_constant)
    except ValueError:
        raise BadMessage("not_json") from None
    try:
        text = json.dumps(decoded, ensure_ascii=False, allow_nan=False)
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return msgspec.json.decode(whole)
    except ValueError:
        raise BadMessage("number_out_of_range") from None


def _refuse_constant(_name: str) -> object:
    raise ValueError("JSON knows neither NaN nor Infinity")


def encode_json(value: object) -> str:
    """Write a value as JSON for a BigQuery column of that type.

    Integers beyond 64 bits become text, because BigQuery refuses numbers that it cannot keep
    exactly; so does what is nested deeper than `DEPTH`.

    Raises:
        BadMessage: ``too_deep`` for what was decoded, but no encoder follows: writing starts deeper
            in the stack than reading did, so it may give up earlier.
    """
    try:
        return msgspec.json.encode(_storable(value, DEPTH)).decode()
    except RecursionError:
        raise BadMessage("too_deep") from None


def _storable(value: object, depth: int) -> object:
    if isinstance(value, dict | list) and depth == 0:
        return msgspec.json.encode(value).decode()
    if isinstance(value, dict):
        return {name: _storable(member, depth - 1) for name, member in value.items()}
    if isinstance(value, list):
        return [_storable(element, depth - 1) for element in value]
    if isinstance(value, int) and value not in INT64:
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
