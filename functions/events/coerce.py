"""Converts a JSON value to the type of its column.

Senders write numbers as text and text as numbers; both are accepted. If a value cannot be read as
the type, the function raises `NotCoerced`, and the caller keeps the original value. An empty text
means "not known" for every type and becomes NULL. Words such as ``none`` are ordinary texts.
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
"""The range of BigQuery's TIMESTAMP: the years 1 to 9999, in microseconds since 1970."""

_SECONDS_BELOW = 10**11
_MILLISECONDS_BELOW = 10**14
"""A Unix time below the first bound is in seconds (up to the year 5138), below the second in
milliseconds."""

_NUMBER = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,4})?", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class NotCoerced(Exception):
    """The value cannot be read as the type."""


def to_string(value: object) -> str | None:
    """Read a text; numbers and booleans become their JSON text."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    raise NotCoerced


def to_integer(value: object) -> int | None:
    """Read a 64-bit integer, also from text; ``15.0`` is accepted, true is not."""
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
    """Read a finite number, also from text."""
    number = _number(value)
    if number is None:
        return None
    try:
        return float(number)
    except OverflowError:
        raise NotCoerced from None


def to_boolean(value: object) -> bool | None:
    """Read a boolean: true and false, 1 and 0; in text also yes and no, in upper or lower case."""
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

    Two forms are accepted: ISO 8601, where a space may replace the ``T`` and a time without an
    offset is UTC; and Unix times in seconds or milliseconds, as a number or text.
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
"""The function of each type in the catalogue. It returns None for "not known", or raises
NotCoerced."""


def to_list(value: object, coerce_one: Callable[[object], object]) -> list[object] | None:
    """Read a repeated value; a single value becomes a list, and elements "not known" are removed.

    Raises:
        NotCoerced: one of the elements cannot be read as the type.
    """
    elements = value if isinstance(value, list) else [value]
    coerced = [coerce_one(element) for element in elements if element is not None]
    return [element for element in coerced if element is not None] or None


def to_microseconds(moment: datetime) -> int:
    """Convert a timezone-aware `datetime` to microseconds since 1970-01-01 UTC."""
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
