"""Converts a JSON value to the type of its column.

Senders write numbers as text and text as numbers; both are accepted. A function raises `NotCoerced`
if it cannot read a value as the column's type. After that, `functions.events.guess` may still read
the value. If the guess also fails, ``extra`` gets the value as sent; a personal or reduced value is
dropped.

For every type, an empty text means "not known" and becomes NULL. Words such as ``none`` are treated
as ordinary texts; only properties with placeholders refuse some words
(`functions.events.identity`).
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

from functions.events.body import INT64
from functions.events.findings import Finding

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MICROSECONDS = 1_000_000

TIMESTAMPS = range(-62_135_596_800 * MICROSECONDS, 253_402_300_800 * MICROSECONDS)
"""The range of the BigQuery type TIMESTAMP: the years 1 to 9999, in microseconds since 1970."""

_SECONDS_BELOW = 10**11
_MILLISECONDS_BELOW = 10**14
"""A number below `_SECONDS_BELOW` is read as a Unix time in seconds (up to the year 5138). A larger
number, below `_MILLISECONDS_BELOW`, is read as a Unix time in milliseconds. All other numbers are
refused."""

_NUMBER = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,4})?", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


EXACT = 2**53
"""Below this number, a 64-bit float holds every integer. From this number on, several integers
become the same float, so the integer that the sender meant is not known."""


N = TypeVar("N", int, float)


class NotCoerced(Exception):
    """A value cannot be read as the wanted type, or is outside the property's limits.

    Attributes:
        finding: the code for the column ``flags``.
    """

    def __init__(self, finding: Finding = "not_coerced") -> None:
        super().__init__(finding)
        self.finding = finding


class Limits(NamedTuple):
    """The least and the greatest possible value of a number."""

    least: float
    most: float


def to_string(value: object) -> str | None:
    """Read a text; a number or boolean becomes the text that JSON uses for it.

    A blank text gives None. Some senders write all numbers as floats, so the float ``3.0`` becomes
    ``3``, as in JavaScript.
    """
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    if isinstance(value, int | float):
        return repr(value)
    raise NotCoerced


def to_id(value: object) -> str | None:
    """Read an id as text: a whole number becomes its digits, and a text does not change.

    A blank text gives None. Some senders write ids as floats, such as ``1.6888417E7``. A float with
    a fraction is refused. A float from `EXACT` on is also refused, because several ids may become
    the same float.
    """
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, bool):
        raise NotCoerced
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    raise NotCoerced


def to_integer(value: object) -> int | None:
    """Read a 64-bit integer from a number or a text. Accept ``15.0``; refuse booleans."""
    number = exact_number(value)
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
    """Read a finite number from a number or a text; refuse booleans."""
    number = exact_number(value)
    if number is None:
        return None
    try:
        return float(number)
    except OverflowError:
        raise NotCoerced from None


def to_boolean(value: object) -> bool | None:
    """Read true, false, 1 or 0; as text, also yes or no. Upper and lower case are accepted."""
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
    """Read a time, and return the microseconds since 1970 (UTC).

    Two forms are accepted: ISO 8601, and a Unix time in seconds or milliseconds, as a number or
    text. In ISO 8601, a space may replace the ``T``, and a time without an offset is UTC.
    """
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            return _iso_timestamp(text)
    return _unix_timestamp(exact_number(value))


COERCIONS: Mapping[str, Callable[[object], object]] = {
    "string": to_string,
    "id": to_id,
    "integer": to_integer,
    "number": to_number,
    "boolean": to_boolean,
    "timestamp": to_timestamp,
}
"""For each type in the catalogue, the function that reads a value. It returns None for a blank
text, and raises NotCoerced if it cannot read the value."""


def to_list(
    value: object, coerce_one: Callable[[object], object], *, keeps_empty: bool = False
) -> list[object] | None:
    """Read a list of values; None if no element is left after blank elements are removed.

    A single value becomes a list with one element.

    Args:
        value: the list as sent.
        coerce_one: reads an element.
        keeps_empty: whether an empty list stays empty; otherwise it becomes None.

    Raises:
        NotCoerced: an element cannot be read as the wanted type, or may itself be a list in JSON
            text.
    """
    if keeps_empty and value == []:
        return []
    elements = value if isinstance(value, list) else [value]
    if any(may_be_list(element) for element in elements):
        raise NotCoerced
    coerced = [coerce_one(element) for element in elements if element is not None]
    return [element for element in coerced if element is not None] or None


def may_be_list(element: object) -> bool:
    """Return whether a value may be a list that was written as JSON text."""
    if not isinstance(element, str):
        return False
    text = element.strip()
    return text[:1] == "[" and text[-1:] == "]"


def to_microseconds(moment: datetime) -> int:
    """Convert a timezone-aware `datetime` to microseconds since 1970-01-01 UTC."""
    since = moment - EPOCH  # a division by MICROSECOND would take twice as long
    return (since.days * 86_400 + since.seconds) * MICROSECONDS + since.microseconds


def within(limits: Limits, coerce: Callable[[object], N | None]) -> Callable[[object], N | None]:
    """Return a function that reads a number with `coerce`, and refuses one outside the limits.

    It refuses a number by raising NotCoerced with the finding ``not_sane``.
    """
    least, most = limits

    def read(value: object) -> N | None:
        number = coerce(value)
        if number is None or least <= number <= most:
            return number
        raise NotCoerced("not_sane")

    return read


def exact_number(value: object) -> int | float | None:
    """Read a finite number from a number or a text, without losing digits of an integer.

    A text with a point or an exponent becomes a float.
    """
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
