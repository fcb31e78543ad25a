"""Numbers on the page are written for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.dashboard.page import LEVELS, Change, cell, changes, level, number, percent
from functions.dashboard.report import Window, report
from tests.unit.dashboard.stand_ins import DAY, NONE, NOW, TODAY, people


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (None, "\u2013"),
        (0.0, "0%"),
        (0.042, "4.2%"),
        (0.42, "42%"),
        (0.125, "13%"),
        (0.375, "38%"),
        (1.0, "100%"),
    ],
)
def test_shares(share: float | None, written: str) -> None:
    assert percent(share) == written


def test_cells() -> None:
    cells = [None, TODAY, 1234567, 0.5, "<b>"]
    assert [cell(value) for value in cells] == ["", "2026-11-22", "1,234,567", "50%", "<b>"]
    assert number(0) == "0"


@given(st.floats(min_value=0, max_value=1))
def test_every_share_has_a_shade(share: float) -> None:
    assert 0 <= level(share) <= LEVELS
    assert (level(share) == 0) == (share == 0)


def test_changes_are_against_the_span_before() -> None:
    rows = [
        people(TODAY - 30 * DAY, mau=7),
        people(TODAY - 7 * DAY, wau=5),
        people(TODAY - DAY, dau=2),
        people(TODAY, dau=3, wau=4, mau=9),
    ]
    made = report("p", Window.DAYS_90, NOW.date(), NONE._replace(people=rows))
    assert changes(made) == {
        "dau": Change(3, 2, 1),
        "wau": Change(4, 5, 7),
        "mau": Change(9, 7, 30),
    }
    assert changes(report("p", Window.DAYS_90, TODAY, NONE)) == {}
