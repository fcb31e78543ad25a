"""Views and rollups count the same metrics of random traffic as plain Python does."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from google.cloud import bigquery
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from functions.warehouse.schema import list_tables, list_views
from tests.sql import new_year, plain_metrics
from tests.sql.new_year import NOW, TODAY, WAREHOUSE, query
from tests.sql.plain_metrics import DAY, Event, Events, Row
from tests.sql.stand_in import StandIn

pytestmark = [pytest.mark.cell, pytest.mark.slow]

FIRST = TODAY - 200 * DAY
OFTEN = TODAY - 30 * DAY
OPEN_FROM = TODAY - 8 * DAY
PROJECTS, USERS = ("dev", "shop"), ("ann", "bob", "cat", "dan")
NEW = "brand_new"
MAIN = (
    "message_sent", "emoji_sent", "message_reaction_sent", "session_started", "room_opened",
    "agreement_accepted",
)  # fmt: skip
FEATURES = (
    *plain_metrics.STREAM, *plain_metrics.MODERATION, *plain_metrics.BETS, *plain_metrics.RECORDS,
    "session_time", "pq_opened", "pq_answer_sent", "pq_viewed", "pq_closed", "hl_viewed",
    "hl_button_pressed", "autotranslation_toggle", "autotranslation_language", NEW,
)  # fmt: skip
VALUES: dict[str, dict[str, tuple[Any, ...]]] = {
    "session_time": {"duration": (10, 60, 90_000)},
    "pq_opened": {"type": ("poll", None), "question": ("Who?", "When?")},
    "pq_answer_sent": {"type": ("poll", "quiz"), "question": ("Who?",)},
    "pq_viewed": {"type": ("poll",), "question": ("Who?", None)},
    "hl_viewed": {"hl_content": ("Win", "none")},
    "hl_button_pressed": {"hl_content": ("Win", None)},
    "ff_stream_evaluated": {"evaluation": (1, 4, None)},
    "ff_stream_type_of_problem_selected": {"type": ("dn_work", "microphone", "else", None)},
    "ff_stream_connection_tested": {"speed": (0.5, 20.0, None), "ping": (20.0, None)},
    "report_sent": {"type": ("Spam", "Flood", None)},
    "report_cancelled": {"type": ("Spam",)},
    "records_player": {"view": ("expanded", "minimized", None)},
    "records_forward": {"duration": (15, 30, None)},
    "records_back": {"duration": (10, None)},
    "records_speed_changed": {"speed": (1.5, 2.0)},
    "autotranslation_toggle": {"status": ("on", "off")},
    "autotranslation_language": {"language_selected": ("english", None)},
}
"""The possible values of each property, by the name of the event; None leaves the property out."""


def moments(first: date) -> st.SearchStrategy[datetime]:
    """Return moments since a day; moments near midnight are more frequent."""
    days = st.integers(0, (TODAY - first).days - 1).map(lambda number: first + number * DAY)
    seconds = st.sampled_from([0.0, 86_399.999999]) | st.integers(0, 86_399).map(float)
    return st.builds(
        lambda day, second: (
            datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
        ),
        days,
        seconds,
    )


def of_name(name: str) -> st.SearchStrategy[Event]:
    """Return events with a name, and with values from `VALUES` for their properties."""
    properties = {prop: st.sampled_from(known) for prop, known in VALUES.get(name, {}).items()}
    return st.builds(
        Event,
        at=moments(OFTEN) | moments(OFTEN) | moments(FIRST),
        project=st.sampled_from(PROJECTS),
        user=st.sampled_from([*USERS, None]),
        name=st.just(name),
        kind=st.sampled_from(["chat"] * 6 + ["room", "test"]),
        room=st.sampled_from(["r1", "r2", None]),
        copies=st.integers(1, 2),
        properties=st.fixed_dictionaries(properties),
        flags=st.sampled_from([(), (), ("unknown:shade",), ("out_of_list:type", "unknown:*")]),
        platform=st.sampled_from(["ios", "web", None]),
    )


traffic = st.lists(
    st.sampled_from(MAIN).flatmap(of_name) | st.sampled_from(FEATURES).flatmap(of_name),
    min_size=60,
    max_size=120,
)
hidings = st.dictionaries(
    st.tuples(st.sampled_from(PROJECTS), st.sampled_from(USERS)), moments(OFTEN), max_size=3
)
"""Hidden people, each with the cut-off up to which events are hidden."""


def shown(events: Events, hidden: dict[tuple[str, str], datetime]) -> Events:
    """Return the events as the views show them: a hidden person has a different key."""
    return [
        event._replace(user=f"hidden-{event.user}")
        if event.user and event.at <= hidden.get((event.project, event.user), NOW - 999 * DAY)
        else event
        for event in events
    ]


def stored(events: Events) -> Iterable[Row]:
    """Return rows for the events; only events in the open window have copies, which come later."""
    for number, event in enumerate(events):
        for copy in range(event.copies if event.day >= OPEN_FROM else 1):
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
                "catalogued": event.name != NEW,
                "room_id": event.room,
                "user_key": event.user,
                "platform": event.platform,
                "properties": dict(event.properties),
                "flags": list(event.flags),
            }


def filed(hidden: dict[tuple[str, str], datetime]) -> list[Row]:
    """Return the rows of the erasures."""
    return [
        {
            "erasure_id": f"{project}-{user}",
            "partner": "acme",
            "project": project,
            "user_key": user,
            "hidden_key": f"hidden-{user}",
            "source": "api",
            "mode": "grace",
            "treatment": "anonymise",
            "status": "hidden",
            "cut_off": until.isoformat(),
            "due_at": (until + 30 * DAY).isoformat(),
        }
        for (project, user), until in hidden.items()
    ]


DAYS = [FIRST + number * DAY for number in range((TODAY - FIRST).days + 1)]
METRICS: dict[str, Callable[[Events], list[Row]]] = {
    "daily_activity": plain_metrics.daily_activity,
    "daily_v1": plain_metrics.daily_activity,
    "rooms_activity": plain_metrics.rooms_activity,
    "rooms_daily_v1": plain_metrics.rooms_activity,
    "entry_funnel": plain_metrics.entry_funnel,
    "active_users": lambda events: plain_metrics.active_users(events, DAYS),
    "room_people_v1": lambda events: plain_metrics.room_people(events, DAYS),
    "overview": lambda events: plain_metrics.overview(events, DAYS),
    "cohorts": plain_metrics.cohorts,
    "sessions": plain_metrics.sessions,
    "polls": plain_metrics.polls,
    "highlights": plain_metrics.highlights,
    "stream_quality": plain_metrics.stream_quality,
    "moderation": plain_metrics.moderation,
    "copybetting": plain_metrics.copybetting,
    "records": plain_metrics.records,
    "autotranslation": plain_metrics.autotranslation,
    "catalogue_drift": lambda events: plain_metrics.catalogue_drift(events, lambda n: n != NEW),
}
"""The function in `plain_metrics` that counts each view or rollup."""
NO_METRICS = {"events", "room_events", "rooms", "test_deliveries"}
"""Views that have no numbers to compare."""


def sort(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: repr(sorted(row.items())))


def check(client: bigquery.Client, rest: str, events: Events, told: Events) -> set[str]:
    """Compare all views with the numbers of plain Python; return the names of views with rows."""
    new_year.insert(client, "events_v1", list(stored(events)))
    asyncio.run(new_year.refresh(rest, FIRST))
    filled = set()
    for view, count in METRICS.items():
        expected = count(told)
        columns = ", ".join(expected[0]) if expected else "project"
        dataset = WAREHOUSE.store if view.endswith("_v1") else WAREHOUSE.bi
        found = query(client, f"SELECT {columns} FROM `{dataset}.{view}`")
        assert sort(found) == sort(expected), view
        if expected:
            filled.add(view)
    return filled


@pytest.mark.soak
def test_metrics_are_those_of_plain_python(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    filled: set[str] = set()
    tables = [f"{WAREHOUSE.store}.{table.name}" for table in list_tables()]

    @settings(
        max_examples=5,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # shrinking a failure would take minutes of queries
    )
    @given(traffic, hidings)
    def hold(events: Events, hidden: dict[tuple[str, str], datetime]) -> None:
        deletes = ";\n".join(f"DELETE FROM `{name}` WHERE TRUE" for name in tables)
        as_of_new_year.query(deletes).result()
        new_year.insert(as_of_new_year, "erasures_v1", filed(hidden))
        filled.update(check(as_of_new_year, stand_in.rest, events, shown(events, hidden)))

    hold()
    assert filled == set(METRICS)


def test_every_view_that_counts_is_among_them() -> None:
    views = {view.name for view in list_views() if not view.name.startswith("event_")}
    assert {name for name in METRICS if not name.endswith("_v1")} == views - NO_METRICS
