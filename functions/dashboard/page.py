"""Renders the dashboard's pages as HTML. Jinja escapes all values."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from functions.dashboard.report import Report, Window
from functions.dashboard.tables import TABLES, Cell

TEMPLATES = Path(__file__).parent / "templates"
LEVELS = 10
"""The number of the darkest shade in the heat map. Shade 0 is for 0%."""


class Change(NamedTuple):
    """A number of people on a day, and the same number some days earlier.

    Attributes:
        now: the number on the newest counted day.
        before: the number `days` earlier; None if it is not counted.
        days: the number of days between the two.
    """

    now: int
    before: int | None
    days: int


class Page:
    """Renders pages.

    Args:
        paths: the path in the URL of the style sheet and of each script, by file name.
    """

    def __init__(self, paths: Mapping[str, str]) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(paths=paths, windows=list(Window))
        self._templates.filters.update(
            number=number, percent=percent, day=day, moment=moment, cell=cell, level=level
        )

    def report(self, report: Report, projects: Sequence[str], email: str) -> str:
        """Render the page with the report of a project.

        Args:
            report: the numbers to show.
            projects: all projects that the viewer may see.
            email: the viewer's e-mail address.
        """
        return self._templates.get_template("report.html").render(
            report=report,
            tables={name: make(report) for name, make in TABLES.items()},
            changes=changes(report),
            projects=projects,
            email=email,
        )

    def refusal(self, title: str, advice: str) -> str:
        """Render an error page. ``title`` says what is wrong, and ``advice`` what to do."""
        return self._templates.get_template("refusal.html").render(title=title, advice=advice)


def changes(report: Report) -> dict[str, Change]:
    """Return the newest numbers of active people, by name: ``dau``, ``wau`` and ``mau``.

    Each number comes with the same number some days earlier: 1 day for ``dau``, 7 days for ``wau``,
    30 days for ``mau``. The result is empty if no day is counted yet.
    """
    if report.counted is None:
        return {}
    by_day = {day.day: day for day in report.days}
    by_name = {}
    for name, days in (("dau", 1), ("wau", 7), ("mau", 30)):
        earlier = by_day.get(report.counted.day - timedelta(days=days))
        before = getattr(earlier, name) if earlier else None
        by_name[name] = Change(getattr(report.counted, name), before, days)
    return by_name


def number(value: float) -> str:
    """Format a whole number with thousands separators: 12,345."""
    return f"{value:,.0f}"


def percent(share: float | None) -> str:
    """Format a share from 0 to 1 as a percentage, such as 4.2% or 42%; None becomes a dash.

    Halves are rounded up, as in SQL. Python's own formatting would round them to an even digit.
    """
    if share is None:
        return "–"  # noqa: RUF001 - an en dash is intended
    hundredths = share * 100
    if 0 < hundredths < 10:
        return f"{math.floor(hundredths * 10 + 0.5) / 10:.1f}%"
    return f"{math.floor(hundredths + 0.5)}%"


def day(value: date) -> str:
    """Format a day: 22 Nov 2026."""
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    """Format a time, which must be in UTC: 22 Nov 2026, 14:05 UTC."""
    return f"{day(value)}, {value:%H:%M} UTC"


def cell(value: Cell) -> str:
    """Format a table's cell: whole numbers with separators, other numbers as percentages."""
    match value:
        case None:
            return ""
        case date():
            return value.isoformat()
        case int():
            return number(value)
        case float():
            return percent(value)
    return value


def level(share: float | None) -> int:
    """Return the shade of a share in the heat map, from 0 (for 0%) to `LEVELS` (for 100%)."""
    if not share:
        return 0
    return min(LEVELS, 1 + int(share * LEVELS))
