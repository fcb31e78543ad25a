"""`local.json_column` accepts the JSON that BigQuery accepts.

`tests/googlesql/test_json.py` compares it with Google's library.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.json_column import MAX_DEPTH, RefusedJson, check, is_exact

LEAST = "5e-324"
LARGEST = "1.7976931348623157e308"


@pytest.mark.parametrize(
    "number",
    [
        "0",
        "-0",
        "-0.0",
        "0e5",
        "1E5",
        "0.10",
        "1.5",
        "1e22",
        "9007199254740993",
        LEAST,
        LARGEST,
        "18446744073709551615",
        "-9223372036854775808",
        "1" + "0" * 22,
        "67.17411799999999",
    ],
)
def test_a_number_that_prints_back_the_same_is_taken(number: str) -> None:
    assert is_exact(number)


@pytest.mark.parametrize(
    "number",
    [
        "67.174118",
        "1760509016.282637",
        "18446744073709551616",
        "-9223372036854775809",
        "9007199254740993.0",
        "4.9e-324",
        "1e400",
        "-1e400",
        "1e-400",
        "0.1234567890123456789",
        "1.5" + "0" * 1500,
        "9" * 5000,
    ],
)
def test_another_number_is_refused(number: str) -> None:
    assert not is_exact(number)
    with pytest.raises(RefusedJson, match="does not print back") as refused:
        check(f'{{"a": [1, {number}]}}')
    assert number not in str(refused.value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_and_its_negative_are_judged_alike(value: float) -> None:
    text = repr(abs(value))
    assert is_exact(text) is is_exact(f"-{text}")


@given(st.integers(-(2**63), 2**64 - 1))
def test_every_integer_of_64_bits_is_taken(value: int) -> None:
    assert is_exact(str(value))


def test_the_depth_ends_at_five_hundred() -> None:
    check("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    for text in (
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        '{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1),
        "[" * 100_000 + "]" * 100_000,
    ):
        with pytest.raises(RefusedJson, match="nested deeper than 500"):
            check(text)


@pytest.mark.parametrize("text", [r'"\ud83d"', r'{"\ude00": 1}', r'["\ud83d a"]'])
def test_half_a_surrogate_pair_is_refused(text: str) -> None:
    with pytest.raises(RefusedJson, match="surrogate"):
        check(text)


@pytest.mark.parametrize("text", ["", " ", "[1,]", "{'a': 1}", "nul", '"a\tb"', "01", ".5", "1 2"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(RefusedJson, match="it is not JSON"):
        check(text)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "-Infinity"])
def test_texts_that_only_python_accepts_are_refused(text: str) -> None:
    with pytest.raises(RefusedJson, match="NaN and Infinity"):
        check(text)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_VALUES)
def test_other_json_is_taken(value: object) -> None:
    check(json.dumps(value))
    check(json.dumps(value, ensure_ascii=False))
