"""Turns a JSON value into the type of its column.

Senders write numbers as text and text as numbers; both are understood. What cannot be read as the
type raises `NotCoerced`, and the caller keeps the original. An empty text means "not known" for
every type and becomes NULL. Words such as ``none`` are the sender's own and stay.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from functions.events.body import INT64

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MICROSECONDS = 1_000_000

TIMESTAMPS = range(-62_135_596_800 * MICROSECONDS, 253_402_300_800 * MICROSECONDS)
"""What a TIMESTAMP holds: microseconds of the years 1 to 9999 (BigQuery's data types)."""

_SECONDS_BELOW = 10**11
_MILLISECONDS_BELOW = 10**14
"""Unix times: below the first bound seconds (to the year 5138), below the second milliseconds."""

_NUMBER = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,4})?", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class NotCoerced(Exception):
    """The value cannot be read as the type."""


def to_string(value: object) -> str | None:
    """Read a text; numbers and booleans are written as in JSON."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    raise NotCoerced


def to_integer(value: object) -> int | None:
    """Read a whole number of 64 bits, from text too; ``15.0`` is one, true is not."""
    number = _number(value)
    if number is None:
        return None
    if isinstance(number, float):
        if not number.is_integer():
            raise NotCoerced
        number = int(number)
    if number not in INT64:
        raise NotCoerced
    return number


def to_number(value: object) -> float | None:
    """Read a finite number, from text too."""
    number = _number(value)
    if number is None:
        return None
    try:
        return float(number)
    except OverflowError:
        raise NotCoerced from None


def to_boolean(value: object) -> bool | None:
    """Read a boolean: true and false, 1 and 0, and as text also yes and no, in any case."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in {0, 1}:
        return value == 1
    if isinstance(value, str):
        word = value.strip().lower()
        if not word:
            return None
        if word in _BOOLEANS:
            return _BOOLEANS[word]
    raise NotCoerced


def to_timestamp(value: object) -> int | None:
    """Read a time as microseconds since 1970, UTC.

    Understood are ISO 8601 with ``Z``, with an offset, or with neither (then UTC; a blank may
    stand for the ``T``), and unix times in seconds or milliseconds, as number or text.
    """
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            return _iso_timestamp(text)
    return _unix_timestamp(_number(value))


COERCIONS: Mapping[str, Callable[[object], object]] = {
    "string": to_string,
    "integer": to_integer,
    "number": to_number,
    "boolean": to_boolean,
    "timestamp": to_timestamp,
}
"""By the type's name in the catalogue. Each returns None for "not known" or raises NotCoerced."""


def to_list(value: object, coerce_one: Callable[[object], object]) -> list[object] | None:
    """Read a repeated value: a single one is a list of it, what is not known is left out.

    Raises:
        NotCoerced: one of the elements is not of the type.
    """
    elements = value if isinstance(value, list) else [value]
    coerced = [coerce_one(element) for element in elements if element is not None]
    return [element for element in coerced if element is not None] or None


def to_microseconds(moment: datetime) -> int:
    """Return a moment with an offset as microseconds since 1970, UTC."""
    return (moment - EPOCH) // MICROSECOND


def _number(value: object) -> int | float | None:
    if isinstance(value, bool):
        raise NotCoerced
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise NotCoerced
        value = float(text) if any(mark in text for mark in ".eE") else int(text)
    if isinstance(value, float) and not math.isfinite(value):
        raise NotCoerced
    if isinstance(value, int | float):
        return value
    raise NotCoerced


def _unix_timestamp(number: float | None) -> int | None:
    if number is None:
        return None
    if 0 <= number < _SECONDS_BELOW:
        return round(number * MICROSECONDS)
    if 0 <= number < _MILLISECONDS_BELOW:
        return round(number * 1_000)
    raise NotCoerced


def _iso_timestamp(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NotCoerced from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    microseconds = to_microseconds(moment)
    if microseconds not in TIMESTAMPS:
        raise NotCoerced
    return microseconds
