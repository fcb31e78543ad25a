"""The parts of docs/privacy.md that derive from the data inventory and its periods."""

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

from functions.privacy import periods
from functions.privacy.inventory import InventoryEntry, list_inventory

PATH = "docs/privacy.md"

_PART = re.compile(r"(<!-- generated: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)

_FORMS = {
    "none": "nothing of people",
    "personal": "ids, nicknames",
    "pseudonym": "user keys",
    "staff": "who acted",
    "unknown": "unknown, perhaps personal",
}
_PLACES = {
    "column": "`{}`",
    "logs": "the cell's logs",
    "prefix": "`{}` in the bucket",
    "subscription": "subscription `{}`",
    "topic": "topic `{}`",
}


def render(root: Path) -> dict[str, str]:
    """Return path -> content of the page with its generated parts; nothing where there is no page.

    Raises:
        ValueError: the page has a part that is not known, or lacks one that is.
    """
    page = root / PATH
    if not page.is_file():
        return {}
    text = page.read_text("utf-8")
    named = sorted(name for _, name, _ in _PART.findall(text))
    if named != sorted(_PARTS):
        raise ValueError(f"{PATH} has the generated parts {named}, not {sorted(_PARTS)}")
    return {PATH: _PART.sub(lambda part: f"{part[1]}\n{_PARTS[part[2]]()}\n{part[3]}", text)}


def _data_inventory() -> str:
    header = ("where", "what", "form", "who erases a person there")
    return _table(header, (_entry(entry) for entry in list_inventory()))


def _entry(entry: InventoryEntry) -> tuple[str, ...]:
    erased_by = ", ".join(f"`{name}`" for name in entry.erased_by) or "nobody: it goes by itself"
    if entry.kept is None:
        erased_by = "nobody: it is about those who act"
    return _place(entry), entry.holds, _FORMS[entry.form], erased_by


def _retention() -> str:
    rows = {(_place(entry), _long(entry.kept), entry.kept_from) for entry in list_inventory()}
    kept = ((where, time, since if time != _long(None) else "") for where, time, since in rows)
    return _table(("where", "kept for at most", "counted from"), sorted(kept))


def _remains() -> str:
    gone = periods.GRACE + timedelta(days=1)
    rows = (
        ("an erasure with grace is due", "the request", _long(periods.GRACE)),
        ("nothing of the person is live", "the request", _long(gone)),
        (
            "time travel ends: an owner could bring rows back",
            "the execution",
            _long(periods.TIME_TRAVEL),
        ),
        (
            "fail-safe ends: Google alone could bring rows back",
            "the execution",
            _long(periods.TIME_TRAVEL + periods.FAIL_SAFE),
        ),
        (
            "Google has no copy, whatever the hour of the execution",
            "the request",
            _long(gone + periods.TIME_TRAVEL + periods.FAIL_SAFE),
        ),
        (
            "what nobody can read is gone",
            "the moment it is set aside",
            _long(periods.UNREADABLE),
        ),
        ("the tombstone goes: a user key and times", "the execution", _long(periods.TOMBSTONE)),
        ("the mark of a restoration goes: the same", "the restoration", _long(periods.REMEMBERED)),
    )
    return _table(("what", "counted from", "after"), rows)


_PARTS: dict[str, Callable[[], str]] = {
    "registry": _data_inventory,
    "remains": _remains,
    "retention": _retention,
}


def _place(entry: InventoryEntry) -> str:
    return _PLACES[entry.kind].format(entry.place)


def _long(time: timedelta | None) -> str:
    if time is None:
        return "ever"
    return f"{time.days} day{'' if time.days == 1 else 's'}" if time else "no time"


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
