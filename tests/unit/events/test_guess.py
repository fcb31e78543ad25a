"""Numbers and lists are read even if they are written in an unusual way."""

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.events.coerce import Limits, NotCoerced, to_integer, to_string
from functions.events.guess import Fractions, Guess, NumberRules, guess_list, guess_number, spread
from tests.unit.events.test_coerce import JSON, NUMBERS_AS_TEXT

SECONDS = {"s": Decimal(1), "min": Decimal(60), "ms": Decimal("0.001")}


def rules(
    fractions: Fractions | None = None, *, is_whole: bool = True, limits: Limits | None = None
) -> NumberRules:
    return NumberRules(is_whole, fractions, limits, SECONDS)


@given(st.integers(0, 86_400), st.sampled_from(list(SECONDS)), st.sampled_from(["", " "]))
def test_a_number_with_its_unit_is_converted(number: int, unit: str, space: str) -> None:
    guess = guess_number(f"{number}{space}{unit.upper()}", rules("rounded"))
    exact = number * SECONDS[unit]
    assert isinstance(guess.value, int)
    assert abs(guess.value - exact) <= Decimal("0.5")
    assert ("rounded" in guess.findings) == (exact % 1 != 0)
    assert guess.findings[0] == "converted"


@given(st.decimals(0, 10**6, places=2))
def test_a_comma_with_one_or_two_digits_behind_it_is_decimal(number: Decimal) -> None:
    text = str(number).replace(".", ",")
    assert guess_number(text, rules(is_whole=False)) == Guess(float(number), ("converted",))


@given(st.integers(0, 999), st.from_regex(r"[0-9]{3,6}", fullmatch=True))
def test_a_comma_with_more_digits_behind_it_is_not_read(number: int, behind: str) -> None:
    with pytest.raises(NotCoerced):
        guess_number(f"{number},{behind}", rules("rounded"))


@given(st.floats(0, 10**9))
def test_whole_numbers_are_rounded_or_floored(number: float) -> None:
    floored = guess_number(number, rules("floored")).value
    rounded = guess_number(number, rules("rounded")).value
    assert floored == math.floor(number)
    assert isinstance(rounded, int)
    assert abs(rounded - number) <= 0.5


@given(st.floats(10.01, 10**20) | st.floats(-(10**20), -0.01))
def test_a_number_beyond_its_limits_is_not_sane(number: float) -> None:
    for value in (number, repr(number), f"{number:.2f}s"):
        with pytest.raises(NotCoerced, match="not_sane"):
            guess_number(value, rules("floored", limits=Limits(0, 10)))


def test_a_fraction_is_refused_unless_it_may_be_dropped() -> None:
    with pytest.raises(NotCoerced):
        guess_number(1.5, rules())
    assert guess_number("3,0", rules()) == Guess(3, ("converted",))


@given(JSON | NUMBERS_AS_TEXT)
def test_any_json_is_guessed_or_refused(value: object) -> None:
    for rule in (rules("rounded", limits=Limits(0, 9)), rules(is_whole=False)):
        try:
            guess = guess_number(value, rule)
        except NotCoerced:
            continue
        if guess.value is None:
            assert isinstance(value, str)
            continue
        assert isinstance(guess.value, int if rule.is_whole else float)


@pytest.mark.parametrize(
    ("value", "elements", "is_converted"),
    [
        ("A", ["A"], False),
        (["A", None, 1], ["A", None, 1], False),
        (' ["A", 1]', ["A", 1], True),
        ("[]", [], True),
        ("[A]", ["[A]"], False),
        ("[[1]]", [[1]], True),
        ("[" * 5_000 + "]" * 5_000, ["[" * 5_000 + "]" * 5_000], False),
        ({"10": "B", "9": "A"}, ["A", "B"], True),
        ({"a": 1}, [{"a": 1}], False),
        ({}, [{}], False),
        ([{"0": "A"}, '["B"]'], ["A", "B"], True),
    ],
)
def test_the_elements_of_a_list(
    value: Any,
    elements: list[Any],
    is_converted: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    assert spread(value) == (elements, is_converted)


def test_a_list_is_refused_as_a_whole_if_an_element_cannot_be_read() -> None:
    assert guess_list('["1", 2]', to_integer) == Guess([1, 2], ("converted",))
    assert guess_list("[]", to_integer) == Guess(None, ("converted",))
    with pytest.raises(NotCoerced):
        guess_list('[1, "x"]', to_integer)


@given(JSON)
def test_any_json_is_a_list_of_texts_or_refused(value: object) -> None:
    try:
        guess = guess_list(value, to_string)
    except NotCoerced:
        return
    elements = guess.value
    assert elements is None or (isinstance(elements, list) and elements)
