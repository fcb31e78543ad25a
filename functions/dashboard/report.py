"""Builds a project's report from rows of the rollups: counts, entry funnel, weekly return."""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from functions.dashboard.rollups import Row, Rows

MONTHS = 6
WEEKS = 12
"""The number of weeks for which a cohort is followed (sql/operate/refresh_cohorts.sql)."""


class Window(StrEnum):
    """The days that a report can cover. Requests use the values, such as ``90d``."""

    DAYS_90 = "90d"
    MONTHS_6 = "6m"

    @property
    def label(self) -> str:
        """The window's name on the page."""
        return {Window.DAYS_90: "90 days", Window.MONTHS_6: "6 months"}[self]

    @property
    def span(self) -> str:
        """The end of the names of the columns that count people over the window."""
        return {Window.DAYS_90: "90_days", Window.MONTHS_6: "6_months"}[self]

    def first(self, last: date) -> date:
        """Return the first day of the window that ends on the day `last`.

        BigQuery computes the same window with ``day > DATE_SUB(last, INTERVAL 90 DAY)``, or with
        ``INTERVAL 6 MONTH``.
        """
        if self is Window.DAYS_90:
            return last - timedelta(days=89)
        months = last.year * 12 + last.month - 1 - MONTHS
        year, month = divmod(months, 12)
        before = date(year, month + 1, min(last.day, monthrange(year, month + 1)[1]))
        return before + timedelta(days=1)


class Cohort(msgspec.Struct, frozen=True):
    """The people who started in the same week.

    Attributes:
        week: the Monday (UTC) of the week in which these people started.
        people: the number of these people.
        returned: how many of these people came in each later week; at most `WEEKS` weeks.
    """

    week: date
    people: int
    returned: list[int]

    def share(self, weeks_later: int) -> float | None:
        """Return the share (0 to 1) of the cohort's people who came a number of weeks later.

        The result is None if that week is in the future, if cohorts are not followed for so long,
        or if the cohort has no people.
        """
        if not 1 <= weeks_later <= len(self.returned) or not self.people:
            return None
        return self.returned[weeks_later - 1] / self.people


class Day(msgspec.Struct, frozen=True):
    """The numbers of a UTC day. A number is None if it is not counted yet."""

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
    """A busy room.

    Attributes:
        room_id: the room.
        name: its newest title; None if no room event has it.
        events: the number of chat events.
        messages: the number of messages.
        reactions: the number of animated reactions and of reactions to messages.
        people: the number of different people; None if it is not counted yet.
    """

    room_id: str
    name: str | None
    events: int
    messages: int
    reactions: int
    people: int | None


class Step(msgspec.Struct, frozen=True):
    """A step of the entry funnel. `share` is `people` divided by the people of the first step."""

    step: str
    people: int
    share: float | None


class Totals(msgspec.Struct, frozen=True):
    """The numbers of a whole window. A person who came on several days counts once."""

    events: int
    messages: int
    animated_reactions: int
    message_reactions: int
    active_users: int
    senders: int


class Report(msgspec.Struct, frozen=True):
    """The report that the page shows.

    Attributes:
        project: the project's name.
        window: ``90d`` or ``6m``.
        first: the first UTC day of the window.
        last: the last UTC day of the window: today.
        synchronised_at: when the rollups were last brought up to date (UTC); None if this was
            before the first day of the window.
        last_received_at: when the newest counted chat event of the window was received (UTC); None
            if the window has no such event.
        counted: the newest day for which people are counted; None if no day is counted.
        totals: the numbers of the whole window.
        days: the numbers of each day of the window.
        rooms: the busiest rooms, the busiest first.
        rooms_counted: the last day of the span for which the people of each room are counted; None
            if no day is counted. The span is as long as the window.
        funnel: the steps from opening the chat to sending a message.
        cohorts: the cohorts of the weeks in the window, the newest first.
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
    rooms_counted: date | None
    funnel: list[Step]
    cohorts: list[Cohort]

    @property
    def last_whole(self) -> Day | None:
        """The newest day before today for which people are counted; None if no day is counted."""
        whole = (day for day in self.days if day.dau is not None and day.day < self.last)
        return max(whole, key=lambda day: day.day, default=None)

    @property
    def is_empty(self) -> bool:
        """Whether the window has no events."""
        return self.totals.events == 0


DAILY = Totals.__struct_fields__
PEOPLE = ("active_users", "senders")
SUMMED = tuple(name for name in DAILY if name not in PEOPLE)
"""The numbers that can be added up over days. Counts of people cannot: a person may come on many
days, and would count several times."""
SPANS = ("dau", "wau", "mau")
STEPS = {
    "started": "Opened the chat",
    "opened": "Saw the messages",
    "accepted": "Accepted the agreement",
    "sent_message": "Sent a message",
}


def report(project: str, window: Window, today: date, rows: Rows) -> Report:
    """Build the report of a project.

    Args:
        project: the project's name.
        window: the window that the report covers.
        today: the last UTC day of the window.
        rows: the results of the page's queries for this window.
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
        rooms=[_room(window, row) for row in rows.rooms],
        rooms_counted=rows.rooms[0]["people_until"] if rows.rooms else None,
        funnel=_funnel(rows.daily),
        cohorts=follow(rows.cohorts, counted[-1].day if counted else today),
    )


def _days(first: date, last: date, rows: Rows) -> list[Day]:
    daily = {row["day"]: row for row in rows.daily}
    people = {row["day"]: row for row in rows.people}
    before = first - timedelta(days=1)
    # The rollup of people has a row for a day if anybody came in the 6 months up to that day. The
    # rollup of events has a row for a day only if the day has events. While a refresh runs, one of
    # the two rollups may be up to date before the other, so each has its own last counted day.
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
    # A counted day without a row has no events, so its numbers are 0.
    return {name: row.get(name, 0) if is_counted else None for name in names}


def _totals(window: Window, rows: Rows) -> Totals:
    newest: Mapping[str, int] = max(rows.people, key=lambda row: row["day"], default={})
    sums = {name: sum(row[name] for row in rows.daily) for name in SUMMED}
    return Totals(
        **sums,
        active_users=newest.get(f"active_{window.span}", 0),
        senders=newest.get(f"senders_{window.span}", 0),
    )


def _room(window: Window, row: Row) -> Room:
    counts = {name: row[name] for name in ("events", "messages", "reactions")}
    return Room(row["room_id"], row["name"], **counts, people=row[f"active_{window.span}"])


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
    """Return the UTC day of a time, which must be timezone-aware."""
    return now.astimezone(UTC).date()


def follow(rows: Iterable[Row], last: date) -> list[Cohort]:
    """Return the cohorts that have a row, the newest first.

    Args:
        rows: rows with ``cohort_week``, ``week`` and ``people``; a week without a row has 0 people.
        last: the last counted day. Cohorts are followed up to the week of this day, even if the
            week is not over.
    """
    counts = {(row["cohort_week"], row["week"]): row["people"] for row in rows}
    started = sorted({cohort for cohort, _ in counts}, reverse=True)
    return [
        Cohort(
            week,
            counts.get((week, week), 0),
            [
                counts.get((week, week + timedelta(weeks=later)), 0)
                for later in range(1, min(WEEKS, (monday(last) - week).days // 7) + 1)
            ],
        )
        for week in started
    ]


def monday(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())
