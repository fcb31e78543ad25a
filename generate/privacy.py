"""Writes the tables of docs/privacy.md that are made from the data inventory and the periods."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from functions.privacy import periods
from functions.privacy.inventory import InventoryEntry, list_inventory
from generate.markdown import table
from generate.parts import fill

PATH = "docs/privacy.md"

_FORMS = {
    "none": "nothing about people",
    "personal": "ids, nicknames",
    "pseudonym": "user keys",
    "staff": "who acted",
    "unknown": "unknown, may be personal",
}
_PLACES = {
    "column": "`{}`",
    "logs": "the cell's logs",
    "prefix": "`{}` in the bucket",
    "subscription": "subscription `{}`",
    "topic": "topic `{}`",
}


def render(root: Path) -> dict[str, str]:
    """Return the content of the page, by path; empty if the page does not exist.

    Raises:
        ValueError: the page lacks a generated part, or has an unknown one.
    """
    page = root / PATH
    if not page.is_file():
        return {}
    text = page.read_text("utf-8")
    return {PATH: fill(PATH, text, {name: part() for name, part in _PARTS.items()})}


def _data_inventory() -> str:
    header = ("where", "what", "form", "what erases a person there")
    return table(header, (_entry(entry) for entry in list_inventory()))


def _entry(entry: InventoryEntry) -> tuple[str, ...]:
    erased_by = (
        ", ".join(f"`{name}`" for name in entry.erased_by) or "no statement: the data expires"
    )
    if entry.kept is None:
        erased_by = "no statement: receipts are kept"
    return _place(entry), entry.holds, _FORMS[entry.form], erased_by


def _retention() -> str:
    rows = (
        (_place(entry), _long(entry.kept), "" if entry.kept is None else entry.kept_from)
        for entry in list_inventory()
    )
    return table(("where", "kept for at most", "counted from"), sorted(rows))


def _remains() -> str:
    gone = periods.GRACE + timedelta(days=2)
    rows = (
        ("an erasure with grace is due", "the request", _long(periods.GRACE)),
        ("the live data of the person is erased", "the request", _long(gone)),
        (
            "time travel ends: until then, an owner can restore rows",
            "the execution",
            _long(periods.TIME_TRAVEL),
        ),
        (
            "fail-safe ends: until then, only Google can restore rows",
            "the execution",
            _long(periods.TIME_TRAVEL + periods.FAIL_SAFE),
        ),
        (
            "Google has no copy, at the latest",
            "the request",
            _long(gone + periods.TIME_TRAVEL + periods.FAIL_SAFE),
        ),
        (
            "unreadable bodies are deleted",
            "quarantine",
            _long(periods.UNREADABLE),
        ),
        (
            "the tombstone (a user key and times) is deleted",
            "the execution",
            _long(periods.TOMBSTONE),
        ),
        (
            "the record of a restoration (a user key and times) is deleted",
            "the restoration",
            _long(periods.REMEMBERED),
        ),
    )
    return table(("what", "counted from", "after"), rows)


_PARTS: dict[str, Callable[[], str]] = {
    "data inventory": _data_inventory,
    "remains": _remains,
    "retention": _retention,
}


def _place(entry: InventoryEntry) -> str:
    return _PLACES[entry.kind].format(entry.place)


def _long(time: timedelta | None) -> str:
    if time is None:
        return "no limit"
    return f"{time.days} day{'' if time.days == 1 else 's'}" if time else "no time"
