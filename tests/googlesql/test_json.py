"""`local.json_column` accepts the same texts as Google's own ``PARSE_JSON``."""

import json
import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.warehouse.schema import Column
from local.json_column import RefusedJson, check
from tests.googlesql.evaluator import Evaluator

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
REFUSED_SHARE = range(1, 500)
"""How many of a thousand numbers may be refused; with none or all, a test would show nothing."""


def numbers(seed: int) -> Iterator[str]:
    """Yield a thousand numbers: some as senders write them, and some with odd digits."""
    draw = random.Random(seed)
    for _ in range(250):
        yield f"{draw.uniform(0, 2e9):.6f}"
        yield repr(draw.uniform(-1000, 1000))
        yield repr(draw.random() * 10.0 ** draw.randint(-300, 300))
        ending = draw.choice(("", ".0", "e3", "E-7", ".10"))
        yield f"{draw.getrandbits(draw.randint(1, 80))}{ending}"


def taken_by_google(texts: Sequence[str]) -> list[bool]:
    """Return for each text whether Google's ``PARSE_JSON`` accepts it."""
    given = Evaluator()
    columns = [Column("place", "INTEGER"), Column("text", "STRING")]
    given.add("texts", columns, [{"place": n, "text": text} for n, text in enumerate(texts)])
    rows = given.add_view(
        "judged",
        [Column("place", "INTEGER"), Column("taken", "BOOLEAN")],
        "SELECT place, SAFE.PARSE_JSON(text) IS NOT NULL AS taken FROM texts",
    )
    return [row["taken"] for row in sorted(rows, key=lambda row: int(row["place"]))]


def is_taken(text: str) -> bool:
    try:
        check(text)
    except RefusedJson:
        return False
    return True


@pytest.mark.parametrize("seed", range(3))
def test_numbers_are_judged_as_google_judges_them(seed: int) -> None:
    texts = [f"[{number}]" for number in numbers(seed)]
    judged = taken_by_google(texts)
    assert judged.count(False) in REFUSED_SHARE
    different = [
        text for text, taken in zip(texts, judged, strict=True) if taken is not is_taken(text)
    ]
    assert different == []


def test_two_known_numbers_are_refused_by_google() -> None:
    assert taken_by_google(["67.174118", "1760509016.282637", "67.17411799999999", "1.5"]) == [
        False, False, True, True
    ]  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(st.lists(VALUES, min_size=5, max_size=5))
def test_other_values_are_accepted_by_both(values: list[object]) -> None:
    texts = [json.dumps(value, ensure_ascii=False) for value in values]
    assert set(taken_by_google(texts)) | set(map(is_taken, texts)) == {True}
