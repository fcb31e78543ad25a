"""Every metric of random traffic, counted in plain Python and by the views and rollups."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from google.cloud import bigquery
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.warehouse import list_tables
from tests.sql import new_year
from tests.sql.new_year import NOW, TODAY, WAREHOUSE, query
from tests.sql.stand_in import StandIn

pytestmark = [pytest.mark.cell, pytest.mark.slow]

DAY = timedelta(days=1)
FIRST = TODAY - 40 * DAY
OPEN_FROM = TODAY - 8 * DAY
NAMES = (
    "message_sent", "emoji_sent", "message_reaction_sent", "session_started", "room_opened",
    "agreement_accepted",
)  # fmt: skip
STEPS = ("session_started", "room_opened", "agreement_accepted", "message_sent")
Row = dict[str, Any]


class Event(NamedTuple):
    """What was sent once; it is stored once or more often."""

    at: datetime
    project: str
    user: str | None
    name: str
    kind: str
    room: str | None
    copies: int


def moments(first: date) -> st.SearchStrategy[datetime]:
    """Any moment since a day, midnights more often than others."""
    days = st.integers(0, (TODAY - first).days - 1).map(lambda number: first + number * DAY)
    seconds = st.sampled_from([0.0, 86_399.999999]) | st.integers(0, 86_399).map(float)
    return st.builds(
        lambda day, second: (
            datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
        ),
        days,
        seconds,
    )


traffic = st.lists(
    st.builds(
        Event,
        at=moments(FIRST),
        project=st.sampled_from(["dev", "shop"]),
        user=st.sampled_from(["ann", "bob", "cat", "dan", None]),
        name=st.sampled_from(NAMES),
        kind=st.sampled_from(["chat", "chat", "chat", "room", "test"]),
        room=st.sampled_from(["r1", "r2", None]),
        copies=st.integers(1, 2),
    ),
    min_size=15,
    max_size=80,
)


def stored(events: list[Event]) -> Iterable[Row]:
    """The rows: a copy comes a little later, and only where settling has not been yet."""
    for number, event in enumerate(events):
        for copy in range(event.copies if event.at.date() >= OPEN_FROM else 1):
            at = min(event.at + copy * timedelta(hours=30), NOW)
            yield {
                "ingest_id": f"i{number}",
                "delivery_id": f"i{number}-{copy}",
                "received_at": at.isoformat(),
                "stored_at": at.isoformat(),
                "kind": event.kind,
                "partner": "acme",
                "project": event.project,
                "event": event.name,
                "catalogued": True,
                "room_id": event.room,
                "user_key": event.user,
            }


def chat(events: list[Event]) -> list[Event]:
    return [event for event in events if event.kind == "chat"]


def people(events: Iterable[Event]) -> int:
    return len({event.user for event in events} - {None})


def by_day(events: list[Event]) -> dict[tuple[str, date], list[Event]]:
    days = defaultdict(list)
    for event in chat(events):
        days[event.project, event.at.date()].append(event)
    return days


def daily_activity(events: list[Event]) -> list[Row]:
    found = []
    for (project, day), those in by_day(events).items():
        counts = Counter(event.name for event in those)
        found.append(
            {
                "project": project,
                "day": day,
                "events": len(those),
                "active_users": people(those),
                "senders": people(event for event in those if event.name == "message_sent"),
                "messages": counts["message_sent"],
                "animated_reactions": counts["emoji_sent"],
                "message_reactions": counts["message_reaction_sent"],
                "rooms": len({event.room for event in those} - {None}),
            }
        )
    return found


def entry_funnel(events: list[Event]) -> list[Row]:
    found = []
    for (project, day), those in by_day(events).items():
        did = defaultdict(set)
        for event in those:
            did[event.user].add(event.name)
        did.pop(None, None)
        counts = [
            sum(names.issuperset(STEPS[: number + 1]) for names in did.values())
            for number in range(len(STEPS))
        ]
        if counts[0]:
            columns = ("started", "opened", "accepted", "sent_message")
            steps = dict(zip(columns, counts, strict=True))
            found.append({"project": project, "day": day, **steps})
    return found


def active_users(events: list[Event]) -> list[Row]:
    found = []
    for project in ("dev", "shop"):
        known = [event for event in chat(events) if event.project == project and event.user]
        if not known:
            continue
        for number in range((TODAY - FIRST).days + 1):
            day = FIRST + number * DAY

            def since(first: date, known: list[Event] = known, day: date = day) -> int:
                return people(event for event in known if first <= event.at.date() <= day)

            if since(FIRST):
                found.append(
                    {
                        "project": project,
                        "day": day,
                        "dau": since(day),
                        "wau": since(day - 6 * DAY),
                        "mau": since(day - 29 * DAY),
                        "calendar_week": since(day - day.weekday() * DAY),
                        "calendar_month": since(day.replace(day=1)),
                    }
                )
    return found


def overview(events: list[Event]) -> list[Row]:
    found = []
    for project in ("dev", "shop"):
        those = [event for event in chat(events) if event.project == project]
        if not people(those):
            continue
        counts = Counter(event.name for event in those)
        found += [
            {
                "project": project,
                "period": period,
                "active_users": people(those),
                "senders": people(event for event in those if event.name == "message_sent"),
                "messages": counts["message_sent"],
                "animated_reactions": counts["emoji_sent"],
                "message_reactions": counts["message_reaction_sent"],
            }
            for period in ("90 days", "6 months")
        ]
    return found


def cohorts(events: list[Event]) -> list[Row]:
    weeks = defaultdict(set)
    for event in chat(events):
        if event.user:
            day = event.at.date()
            weeks[event.project, event.user].add(day - day.weekday() * DAY)
    counts = Counter(
        (project, min(came), week) for (project, _), came in weeks.items() for week in came
    )
    return [
        {"project": project, "cohort_week": start, "week": week, "people": count}
        for (project, start, week), count in counts.items()
    ]


def sessions(events: list[Event]) -> list[Row]:
    """Visits by project, person and day; within a moment, in the order of the ids."""
    those = [
        (event.at, f"i{number}", event)
        for number, event in enumerate(events)
        if event.kind == "chat" and event.user
    ]
    found: list[Row] = []
    last: dict[tuple[str, str | None, date], Row] = {}
    for at, _, event in sorted(those):
        key = (event.project, event.user, at.date())
        visit = last.get(key)
        if (
            visit is None
            or event.name == "session_started"
            or at > visit["ended_at"] + timedelta(minutes=30)
        ):
            visit = {"project": event.project, "user_key": event.user, "day": at.date()}
            visit |= {"started_at": at, "entry_event": event.name, "events": 0}
            last[key] = visit
            found.append(visit)
        visit["ended_at"] = at
        visit["events"] += 1
    return found


METRICS = {
    "daily_activity": daily_activity,
    "entry_funnel": entry_funnel,
    "active_users": active_users,
    "overview": overview,
    "cohorts": cohorts,
    "sessions": sessions,
    "daily_v1": daily_activity,
}
WHERE = {"overview": f"WHERE day = '{TODAY}'"}


def sort(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: repr(sorted(row.items())))


def check(client: bigquery.Client, rest: str, events: list[Event]) -> None:
    names = [f"{WAREHOUSE.store}.{table.name}" for table in list_tables()]
    client.query(";\n".join(f"DELETE FROM `{name}` WHERE TRUE" for name in names)).result()
    new_year.insert(client, "events_v1", list(stored(events)))
    asyncio.run(new_year.refresh(rest, FIRST))
    for view, count in METRICS.items():
        expected = count(events)
        columns = ", ".join(expected[0]) if expected else "project"
        dataset = WAREHOUSE.store if view.endswith("_v1") else WAREHOUSE.bi
        shown = query(client, f"SELECT {columns} FROM `{dataset}.{view}` {WHERE.get(view, '')}")
        assert sort(shown) == sort(expected), view


def test_metrics_are_those_of_plain_python(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    @settings(
        max_examples=6,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(traffic)
    def hold(events: list[Event]) -> None:
        check(as_of_new_year, stand_in.rest, events)

    hold()
