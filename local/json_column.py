"""Checks whether BigQuery accepts a text as JSON, in ``PARSE_JSON`` and in a JSON column.

The rules come from Google's SQL library (``googlesql/public/json_value.cc`` of
https://github.com/google/googlesql, mode "exact", BigQuery's default) and from BigQuery's page on
JSON. One rule is surprising: BigQuery converts a number that is not a 64-bit integer to a FLOAT64,
prints it, and refuses the text if the printed number is different. It prints with the algorithm
Grisu2, which does not always find the shortest digits: it prints 67.174118 as 67.17411799999999.
So BigQuery refuses about one in 600 numbers of this kind.
"""

import json
import math
import struct
from functools import cache
from typing import NoReturn

MAX_DEPTH = 500
"""How deep arrays and objects may be nested (source: BigQuery's page on JSON)."""
MAX_NUMBER_LENGTH = 1500
"""How many characters a number may have that is not a 64-bit integer."""

_MANTISSA_BITS = 52
_BIAS = 1075
_WORD = 64
_LEAST_EXPONENT = -60
"""The smallest binary exponent after a number is multiplied by a power of ten. With it, the whole
part of the product has at most 32 bits."""
_LEAST_POWER = -300
_POWER_STEP = 8


class RefusedJson(ValueError):
    """BigQuery refuses a text as JSON; the message says why, and does not quote the text."""


def check(text: str) -> None:
    """Check that BigQuery accepts a text as JSON.

    Raises:
        RefusedJson: BigQuery refuses the text.
    """
    try:
        value = json.loads(
            text, parse_float=_checked, parse_int=_checked, parse_constant=_refuse_constant
        )
        _check_strings_and_depth(value)
    except RefusedJson:
        raise
    except RecursionError:
        raise _too_deep() from None
    except UnicodeEncodeError:
        raise RefusedJson("a string has half a surrogate pair") from None
    except ValueError:
        raise RefusedJson("it is not JSON") from None


def is_exact(number: str) -> bool:
    """Say whether BigQuery accepts a number in a JSON text.

    Args:
        number: digits with an optional sign, fraction and exponent, as JSON allows.
    """
    # Check the length first, because Python refuses to convert more than 4,300 digits.
    if len(number) > MAX_NUMBER_LENGTH:
        return False
    if number.lstrip("-").isdigit() and -(2**63) <= int(number) < 2**64:
        return True
    value = float(number)
    return math.isfinite(value) and _significant(number) == _as_printed(value)


def _checked(number: str) -> None:
    if not is_exact(number):
        raise RefusedJson("a number does not print back the same")


def _refuse_constant(_name: str) -> NoReturn:
    raise RefusedJson("NaN and Infinity are not JSON")


def _too_deep() -> RefusedJson:
    return RefusedJson(f"arrays and objects are nested deeper than {MAX_DEPTH}")


def _check_strings_and_depth(value: object) -> None:
    """Check a value level by level, because Python's recursion could not go deep enough."""
    level, depth = [value], 0
    while level:
        inner: list[object] = []
        for item in level:
            if isinstance(item, str):
                item.encode()
            elif isinstance(item, dict):
                inner += [*item, *item.values()]
            elif isinstance(item, list):
                inner += item
        depth += any(isinstance(item, dict | list) for item in level)
        if depth > MAX_DEPTH:
            raise _too_deep()
        level = inner


def _significant(number: str) -> tuple[bool, int, int]:
    """Return whether a number is negative, its digits without outer zeros, and its power of ten."""
    mantissa, _, power = number.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    return _stripped(number.startswith("-"), int(whole + fraction), int(power or 0) - len(fraction))


def _stripped(negative: bool, digits: int, power: int) -> tuple[bool, int, int]:  # noqa: FBT001
    kept = str(digits).rstrip("0")
    return (negative, int(kept), power + len(str(digits)) - len(kept)) if kept else (negative, 0, 0)


def _as_printed(value: float) -> tuple[bool, int, int]:
    """Return the number that Grisu2 prints for a finite FLOAT64, in the form of `_significant`.

    Source: Florian Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with
    Integers" (PLDI 2010), with the constants of the library that Google uses (nlohmann/json).
    """
    negative = math.copysign(1, value) < 0
    if value == 0:
        return negative, 0, 0
    fraction, exponent = _taken_apart(abs(value))
    # The midpoints between the value and its neighbours; below a power of two, it is nearer.
    near = fraction == 1 << _MANTISSA_BITS and exponent > 1 - _BIAS
    above, above_exponent = _normal(2 * fraction + 1, exponent - 1)
    below = (4 * fraction - 1, exponent - 2) if near else (2 * fraction - 1, exponent - 1)
    low = below[0] << (below[1] - above_exponent)
    middle, _ = _normal(fraction, exponent)
    power, power_exponent, tens = _power_of_ten(above_exponent)
    high = _product(above, power) - 1
    delta = high - (_product(low, power) + 1)
    distance = high - _product(middle, power)
    digits, shift = _digits(high, delta, distance, -(above_exponent + power_exponent + _WORD))
    return _stripped(negative, digits, shift - tens)


def _taken_apart(value: float) -> tuple[int, int]:
    bits = int.from_bytes(struct.pack(">d", value), "big")
    fraction, biased = bits & ((1 << _MANTISSA_BITS) - 1), bits >> _MANTISSA_BITS
    return (fraction | 1 << _MANTISSA_BITS, biased - _BIAS) if biased else (fraction, 1 - _BIAS)


def _normal(fraction: int, exponent: int) -> tuple[int, int]:
    shift = _WORD - fraction.bit_length()
    return fraction << shift, exponent - shift


def _product(one: int, other: int) -> int:
    return (one * other + (1 << (_WORD - 1))) >> _WORD


def _power_of_ten(exponent: int) -> tuple[int, int, int]:
    """Return the power of ten that brings a number with this binary exponent into range."""
    missing = _LEAST_EXPONENT - exponent - 1
    tens = math.trunc(missing * 78913 / (1 << 18)) + (missing > 0)
    index = (tens - _LEAST_POWER + _POWER_STEP - 1) // _POWER_STEP
    return _kept_power(_LEAST_POWER + index * _POWER_STEP)


@cache
def _kept_power(tens: int) -> tuple[int, int, int]:
    """Return 10**tens as a fraction, rounded to 64 bits, and a binary exponent; and `tens`."""
    if tens >= 0:
        whole, exponent = 10**tens << _WORD, -_WORD
    else:
        size = 2 * _WORD + (10**-tens).bit_length()
        whole, exponent = (1 << size) // 10**-tens, -size
    shift = whole.bit_length() - _WORD
    fraction = (whole + (1 << (shift - 1))) >> shift
    return fraction, exponent + shift, tens


def _digits(high: int, delta: int, distance: int, bits: int) -> tuple[int, int]:
    """Return the shortest decimal in an interval, nearest to a value: digits and power of ten.

    Args:
        high: the upper end of the interval, in fixed point.
        delta: the length of the interval.
        distance: how far the value is below the upper end.
        bits: how many bits of `high` are after the point.
    """
    whole, rest = high >> bits, high & ((1 << bits) - 1)
    for left in reversed(range(len(str(whole)))):
        kept, dropped = divmod(whole, 10**left)
        remainder = (dropped << bits) + rest
        if remainder <= delta:
            return _nearest(kept, distance, delta, remainder, 10**left << bits), left
    made, shift = whole, 0
    while True:
        rest, delta, distance, shift = rest * 10, delta * 10, distance * 10, shift - 1
        made, rest = made * 10 + (rest >> bits), rest & ((1 << bits) - 1)
        if rest <= delta:
            return _nearest(made, distance, delta, rest, 1 << bits), shift


def _nearest(digits: int, distance: int, delta: int, rest: int, step: int) -> int:
    while (
        rest < distance
        and delta - rest >= step
        and (rest + step < distance or distance - rest > rest + step - distance)
    ):
        digits, rest = digits - 1, rest + step
    return digits
