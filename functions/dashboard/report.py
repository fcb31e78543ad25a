"""What the dashboard tells of a project, from the rows of the rollups."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from functions.dashboard.cohorts import Cohort, follow
from functions.dashboard.rollups import Row, Rows
from functions.dashboard.window import Window


class Day(msgspec.Struct, frozen=True):
    """The numbers of a UTC day; those that are not counted yet are None."""

    day: date
    events: int | None = None
    messages: int | None = None
    animated_reactions: int | None = None
    message_reactions: int | None = None
    active_users: int | None = None
    senders: int | None = None
    dau: int | None = None
    wau: int | None = None
    mau: int | None = None


class Room(msgspec.Struct, frozen=True):
    """A busy room; people are those of its best day."""

    room_id: str
    name: str | None
    events: int
    messages: int
    reactions: int
    people: int


class Step(msgspec.Struct, frozen=True):
    """A step of the entry funnel, and the share of the first step's people who came so far."""

    step: str
    people: int
    share: float | None


class Totals(msgspec.Struct, frozen=True):
    """The numbers of the whole window; people are counted once each."""

    events: int
    messages: int
    animated_reactions: int
    message_reactions: int
    active_users: int
    senders: int


class Report(msgspec.Struct, frozen=True):
    """All that the page shows.

    Attributes:
        project: the partner's.
        window: ``90d`` or ``6m``.
        first: the window's first UTC day.
        last: its last: today.
        synchronised_at: when the rollups were last brought up to date, the newest day among them
            (UTC); None if never in the window.
        last_received_at: when the newest event of the project that they count was received (UTC).
        counted: the newest day whose people are counted; None for none.
        totals: of the window.
        days: each day of the window.
        rooms: the busiest, busiest first.
        funnel: from opening the chat to a message.
        cohorts: those that began in the window, newest first.
    """

    project: str
    window: Window
    first: date
    last: date
    synchronised_at: datetime | None
    last_received_at: datetime | None
    counted: Day | None
    totals: Totals
    days: list[Day]
    rooms: list[Room]
    funnel: list[Step]
    cohorts: list[Cohort]

    @property
    def last_whole(self) -> Day | None:
        """The newest day that is counted and over; None for none."""
        whole = (day for day in self.days if day.dau is not None and day.day < self.last)
        return max(whole, key=lambda day: day.day, default=None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted in the window."""
        return self.totals.events == 0


SUMMED = ("events", "messages", "animated_reactions", "message_reactions")
DAILY = (*SUMMED, "active_users", "senders")
SPANS = ("dau", "wau", "mau")
STEPS = {
    "started": "Opened the chat",
    "opened": "Saw the messages",
    "accepted": "Accepted the agreement",
    "sent_message": "Sent a message",
}


def report(project: str, window: Window, today: date, rows: Rows) -> Report:
    """Put together what the page shows.

    Args:
        project: the partner's.
        window: which days.
        today: the last of them.
        rows: what the queries returned for them.
    """
    first = window.first(today)
    days = _days(first, today, rows)
    counted = [day for day in days if day.dau is not None]
    return Report(
        project=project,
        window=window,
        first=first,
        last=today,
        synchronised_at=rows.synchronised[0]["refreshed_at"] if rows.synchronised else None,
        last_received_at=max((row["last_received_at"] for row in rows.daily), default=None),
        counted=counted[-1] if counted else None,
        totals=_totals(window, rows),
        days=days,
        rooms=[msgspec.convert(row, Room) for row in rows.rooms],
        funnel=_funnel(rows.daily),
        cohorts=follow(rows.cohorts, counted[-1].day if counted else today),
    )


def _days(first: date, last: date, rows: Rows) -> list[Day]:
    daily = {row["day"]: row for row in rows.daily}
    people = {row["day"]: row for row in rows.people}
    before = first - timedelta(days=1)
    # People have a row for each day, events only for days with any. A page may be read while one
    # rollup is replaced already and the other not yet.
    people_until = max(people, default=before)
    daily_until = max([*daily, people_until])
    return [
        Day(
            day,
            **_numbers(DAILY, daily.get(day, {}), is_counted=day <= daily_until),
            **_numbers(SPANS, people.get(day, {}), is_counted=day <= people_until),
        )
        for day in (first + timedelta(days=number) for number in range((last - first).days + 1))
    ]


def _numbers(names: Iterable[str], row: Row, *, is_counted: bool) -> dict[str, Any]:
    # A day without a row is one on which nobody came, unless it is not counted yet.
    return {name: row.get(name, 0) if is_counted else None for name in names}


def _totals(window: Window, rows: Rows) -> Totals:
    suffix = "90_days" if window is Window.DAYS_90 else "6_months"
    newest: Mapping[str, int] = max(rows.people, key=lambda row: row["day"], default={})
    sums = {name: sum(row[name] for row in rows.daily) for name in SUMMED}
    return Totals(
        **sums,
        active_users=newest.get(f"active_{suffix}", 0),
        senders=newest.get(f"senders_{suffix}", 0),
    )


def _funnel(daily: Iterable[Row]) -> list[Step]:
    counts = dict.fromkeys(STEPS, 0)
    for row in daily:
        for name in counts:
            counts[name] += row[name]
    started = counts["started"]
    return [
        Step(label, counts[name], counts[name] / started if started else None)
        for name, label in STEPS.items()
    ]


def today(now: datetime) -> date:
    """Return the UTC day of a moment."""
    return now.astimezone(UTC).date()
