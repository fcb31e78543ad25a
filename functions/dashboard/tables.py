"""The tables of a report, for the page and for downloads as CSV."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple
from unicodedata import category, normalize

from functions.dashboard.report import WEEKS, Day, Report

Cell = str | int | float | date | None


class Table(NamedTuple):
    """A table of a report.

    Attributes:
        name: the table's name in the URL of its CSV file.
        title: the table's caption.
        columns: the heading of each column on the page, by the column's name in CSV files.
        rows: the cells of each row, in the order of the columns; None is an empty cell.
    """

    name: str
    title: str
    columns: dict[str, str]
    rows: Sequence[Sequence[Cell]]


def _by_day(name: str, title: str, columns: dict[str, str]) -> Callable[[Report], Table]:
    def make(report: Report) -> Table:
        rows = [_cells(day, columns) for day in report.days]
        return Table(name, title, {"day": "Day (UTC)"} | columns, rows)

    return make


def _cells(day: Day, columns: dict[str, str]) -> list[Cell]:
    return [day.day, *(getattr(day, name) for name in columns)]


def _rooms(report: Report) -> Table:
    columns = {
        "room_id": "Room id",
        "name": "Name",
        "events": "Events",
        "messages": "Messages",
        "reactions": "Reactions",
        "people": "People",
    }
    rows = [[getattr(room, name) for name in columns] for room in report.rooms]
    return Table("rooms", "Top rooms", columns, rows)


def _funnel(report: Report) -> Table:
    columns = {"step": "Step", "people": "People, day by day", "share": "Share of the first step"}
    rows = [[step.step, step.people, step.share] for step in report.funnel]
    return Table("funnel", "Entry funnel", columns, rows)


def _cohorts(report: Report) -> Table:
    later = range(1, WEEKS + 1)
    columns = {"cohort_week": "Week of", "people": "People"}
    columns |= {f"week_{number}": f"{number}" for number in later}
    rows = [
        [cohort.week, cohort.people, *(cohort.share(number) for number in later)]
        for cohort in report.cohorts
    ]
    return Table("cohorts", "Weekly return", columns, rows)


TABLES: dict[str, Callable[[Report], Table]] = {
    "people": _by_day(
        "people", "Active users by day", {"dau": "Daily", "wau": "Weekly", "mau": "Monthly"}
    ),
    "messages": _by_day(
        "messages",
        "Messages and reactions by day",
        {
            "messages": "Messages",
            "animated_reactions": "Animated reactions",
            "message_reactions": "Reactions to messages",
        },
    ),
    "senders": _by_day(
        "senders",
        "Active users and senders by day",
        {"active_users": "Active users", "senders": "Sent a message"},
    ),
    "events": _by_day("events", "Events by day", {"events": "Events"}),
    "rooms": _rooms,
    "funnel": _funnel,
    "cohorts": _cohorts,
}
"""For each table's name, the function that makes the table from a report."""


def as_csv(table: Table) -> bytes:
    """Return a table as CSV (RFC 4180) that is safe to open in a spreadsheet.

    The text is UTF-8 with a byte order mark. Without this mark, Excel assumes another encoding.
    """
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(table.columns)
    writer.writerows([_inert(cell) for cell in row] for row in table.rows)
    return text.getvalue().encode("utf-8-sig")


def _inert(cell: Cell) -> Cell:
    """Change a text so that no spreadsheet runs it as a formula: senders choose room names (OWASP).

    In some countries, a spreadsheet splits cells at semicolons, even inside quotes. So each part
    that begins like a formula gets a ``'``. A line break could begin a new row, so it becomes a
    space.
    """
    if not isinstance(cell, str):
        return cell
    line = "".join(" " if category(character) in _BREAKS else character for character in cell)
    return ";".join(f"'{part}" if _is_formula(part) else part for part in line.split(";"))


_BREAKS = frozenset({"Cc", "Zl", "Zp"})
"""The Unicode categories of control characters and line breaks."""


def _is_formula(text: str) -> bool:
    """Return whether a text begins like a formula; ignore spaces and invisible characters."""
    visible = (each for each in normalize("NFKC", text) if each.isprintable() and each != " ")
    return next(visible, "") in {"=", "+", "-", "@"}
