"""Reads values that are written in an unusual way, such as a number with its unit.

`functions.events.draft` uses this module only if `functions.events.coerce` refuses a value, so that
usual values are read fast. A guessed value may differ from what the sender meant, so the row gets a
flag for it.
"""

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

from functions.events.body import is_too_deep
from functions.events.coerce import (
    Limits,
    NotCoerced,
    exact_number,
    may_be_list,
    to_integer,
    to_number,
    within,
)
from functions.events.findings import Finding

Fractions = Literal["rounded", "floored"]
"""How a number with a fraction becomes a whole number: the nearest one, or the next lower one."""

_WRITTEN = re.compile(
    r"(?P<number>[+-]?(?:\d{1,30}(?:\.\d{0,30}|,\d{1,2})?|\.\d{1,30}))\s*(?P<unit>[a-z]{0,20}|\xd7)",
    re.ASCII | re.IGNORECASE,
)
"""Matches a number, optionally with a decimal comma and with a unit behind it. A comma with three
digits behind it may separate thousands, so such a number does not match."""


class Guess(NamedTuple):
    """A guessed value, and the findings about it. The value None means "not known"."""

    value: object
    findings: tuple[Finding, ...]


class NumberRules(NamedTuple):
    """How a number of one property may be written.

    Attributes:
        is_whole: whether the property is an integer.
        fractions: how a number with a fraction becomes an integer; None if such a number is
            refused.
        limits: the possible values; None if all numbers are possible.
        factors: for each spelling of a unit, in lower case, the factor that converts a number to
            the property's unit; empty if the catalogue states no unit.
    """

    is_whole: bool
    fractions: Fractions | None
    limits: Limits | None
    factors: Mapping[str, Decimal]


def guess_number(value: object, rules: NumberRules) -> Guess:
    """Read a number that has a fraction, a decimal comma or a unit.

    Raises:
        NotCoerced: the value is not a number in one of these forms, is outside the property's
            limits, or has a fraction that the property does not allow.
    """
    findings: tuple[Finding, ...] = ()
    try:
        number = exact_number(value)
    except NotCoerced:
        number = _written(value, rules.factors)
        findings = ("converted",)
    if number is None:
        return Guess(None, ())
    if rules.limits is not None:
        within(rules.limits, to_number)(number)
    if not rules.is_whole:
        return Guess(to_number(number), findings)
    if rules.fractions is not None and isinstance(number, float) and not number.is_integer():
        number = _whole(number, rules.fractions)
        findings = (*findings, "rounded")
    return Guess(to_integer(number), findings)


def guess_list(
    value: object,
    coerce_one: Callable[[object], object],
    is_empty: Callable[[object], bool] | None = None,
) -> Guess:
    """Read a list, also from JSON text; leave out placeholders.

    Args:
        value: the list as sent.
        coerce_one: reads an element.
        is_empty: returns whether an element means that the list is empty; None if an empty list
            means "not known".

    Raises:
        NotCoerced: an element that is not a placeholder cannot be read as the wanted type.
    """
    elements, is_converted = spread(value)
    if is_empty is not None and all(is_empty(element) for element in elements):
        return Guess([], ("converted",))
    findings: dict[Finding, None] = {"converted": None} if is_converted else {}
    coerced: list[object] = []
    for element in elements:
        if element is None:
            continue
        try:
            coerced.append(coerce_one(element))
        except NotCoerced as refused:
            if refused.finding != "placeholder":
                raise
            findings["placeholder"] = None
    known = [element for element in coerced if element is not None]
    return Guess(known or None, tuple(findings))


def spread(value: object) -> tuple[list[object], bool]:
    """Return the elements of a list, and whether some of them came in an unusual form.

    The unusual forms are a list as JSON text (``'["A", "B"]'``), and an object whose names are
    numbers (PHP writes some arrays in this form). A single value counts as a list with one element.
    """
    elements: list[object] = []
    is_converted = False
    for element in value if isinstance(value, list) else [value]:
        inner = _inner(element)
        if inner is None:
            elements.append(element)
        else:
            elements += inner
            is_converted = True
    return elements, is_converted


def _inner(element: object) -> list[object] | None:
    if isinstance(element, dict) and element and all(_is_place(name) for name in element):
        return [element[name] for name in sorted(element, key=int)]
    if not isinstance(element, str) or not may_be_list(element):
        return None
    try:
        data = element.encode()
        # Check the depth, because the decoder's own limit depends on the version of Python.
        return None if is_too_deep(data) else msgspec.json.decode(data, type=list[object])
    except ValueError:
        return None


def _is_place(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) <= 6


def _written(value: object, factors: Mapping[str, Decimal]) -> float:
    found = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise NotCoerced
    factor = factors.get(found["unit"].casefold()) if found["unit"] else Decimal(1)
    if factor is None:
        raise NotCoerced
    return float(Decimal(found["number"].replace(",", ".")) * factor)


def _whole(number: float, fractions: Fractions) -> int:
    below = math.floor(number)
    return below + 1 if fractions == "rounded" and number - below >= 0.5 else below
