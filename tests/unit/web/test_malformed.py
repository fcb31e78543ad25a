"""Errors about bodies name the field, and repeat nothing that the sender wrote."""

import contextlib
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.web.malformed import MALFORMED, describe


class Person(msgspec.Struct, forbid_unknown_fields=True):
    ids: list[str]


class Body(msgspec.Struct, forbid_unknown_fields=True):
    people: list[Person] = []
    mode: Literal["grace", "immediate"] = "grace"


def description(body: bytes) -> str:
    with pytest.raises(MALFORMED) as caught:
        msgspec.json.decode(body, type=Body)
    assert isinstance(caught.value, MALFORMED)
    return describe(caught.value)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"mode": "me"}', "Unknown value - at `$.mode`"),
        (b'{"mode": "it\'s me"}', "Unknown value - at `$.mode`"),
        (b'{"mode": "me - at `$.me`"}', "Unknown value"),
        (b'{"me": 1}', "Object has an unknown field"),
        (
            b'{"people": [{"ids": [], "me": 1}]}',
            "Object has an unknown field",
        ),
        (b'{"people": [{"ids": [], "me` - at `$.me": 1}]}', "Object has an unknown field"),
        (b'{"` - at `$.me": 1}', "Object has an unknown field"),
        (b'{"people": [{"ids": [1]}]}', "Expected `str`, got `int` - at `$.people[0].ids[0]`"),
        (b'{"people": [{}]}', "Object missing required field `ids` - at `$.people[0]`"),
        (b'{"mode": "\xff"}', "the body is not UTF-8"),
    ],
)
def test_an_error_says_what_and_where(body: bytes, expected: str) -> None:
    assert description(body) == expected


class Open(msgspec.Struct):
    ids: list[str] = []


def test_a_body_that_is_nested_too_deeply_says_so() -> None:
    with pytest.raises(MALFORMED) as caught:
        msgspec.json.decode(b'{"x": ' + b"[" * 200_000, type=Open)
    assert isinstance(caught.value, RecursionError)
    assert describe(caught.value) == "the body is nested too deeply"


@given(text=st.text(min_size=3, max_size=40), is_name=st.booleans())
def test_nothing_of_the_sender_is_repeated(text: str, *, is_name: bool) -> None:
    marked = f"Zq{text}qZ"
    body = {marked: 1} if is_name else {"mode": marked}
    with contextlib.suppress(UnicodeEncodeError):
        assert "Zq" not in description(msgspec.json.encode(body))
