"""CSV files for spreadsheets are complete, and have no cells that run as formulas."""

import csv
import io
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.dashboard.tables import Table, as_csv


def written(*cells: str | int | None) -> str:
    return as_csv(Table("rooms", "Rooms", {"name": "Name"}, [cells])).decode("utf-8-sig")


def read(*cells: str | int | None) -> list[str]:
    _, row = csv.reader(io.StringIO(written(*cells)))
    return row


@pytest.mark.parametrize(
    ("text", "inert"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1+1", "' =1+1"),
        ("\r=1+1", "' =1+1"),
        ("\n=1+1", "' =1+1"),
        ("a\n=1+1", "a =1+1"),
        ("  =1+1", "'  =1+1"),
        ("\u00a0=1+1", "'\u00a0=1+1"),
        ("\u200b=1+1", "'\u200b=1+1"),
        ("＝1+1", "'＝1+1"),  # noqa: RUF001 - it is about these characters
        ("＋1", "'＋1"),  # noqa: RUF001
        ("－1", "'－1"),  # noqa: RUF001
        ("＠SUM(1)", "'＠SUM(1)"),  # noqa: RUF001
        ("x;=cmd|' /C calc'!A0", "x;'=cmd|' /C calc'!A0"),
        ("x; ＝1", "x;' ＝1"),  # noqa: RUF001
        ('a "quoted" name, with a comma', 'a "quoted" name, with a comma'),
        ("1+1=2", "1+1=2"),
        ("👨‍👩‍👧 Łódź", "👨‍👩‍👧 Łódź"),
        ("", ""),
    ],
)
def test_a_text_never_becomes_a_formula(text: str, inert: str) -> None:
    assert read(text) == [inert]


@given(st.text())
def test_no_cell_begins_like_a_formula(text: str) -> None:
    [cell] = read(text)
    for part in cell.split(";"):
        assert normalize("NFKC", part).strip()[:1] not in {"=", "+", "-", "@"}
    assert not set(cell) & set("\r\n\t\0\u2028")
    assert len(cell) >= len(text)


def test_every_field_is_quoted() -> None:
    assert written("a", -1, None) == '"name"\r\n"a","-1",""\r\n'
