"""Simulated traffic is complete, in order, as much as planned, and the same for the same seed."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.events.catalogue import load_catalogue
from local.traffic import make_traffic
from local.webhook import Plan, Webhook

UNTIL = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def traffic(**changes: int) -> list[Webhook]:
    numbers = {"events": 2_000, "users": 50, "days": 10, "seed": 1} | changes
    plan = Plan(**numbers, until=UNTIL, projects=("a", "b"))
    return make_traffic(plan, load_catalogue())


def test_a_seed_decides_everything() -> None:
    assert traffic() == traffic()
    assert traffic() != traffic(seed=2)


def test_everything_in_the_catalogue_occurs() -> None:
    catalogue = load_catalogue()
    made = {(webhook.kind, webhook.event) for webhook in traffic()}
    assert made == {("chat", event.name) for event in catalogue.events} | {
        ("room", event.name) for event in catalogue.room_events
    }


@given(st.integers(1, 400), st.integers(1, 20), st.integers(1, 40), st.integers(0, 3))
def test_any_plan_is_kept(events: int, users: int, days: int, seed: int) -> None:
    made = traffic(events=events, users=users, days=days, seed=seed)
    assert len(made) == events
    assert made == sorted(made, key=lambda webhook: webhook.at)
    assert len({webhook.ingest_id for webhook in made}) == events
    midnight = UNTIL.replace(hour=0, minute=0)
    assert made[0].at >= midnight - timedelta(days=days - 1)
    assert made[-1].at.date() == UNTIL.date() or days > 1


def test_people_leave_halfway_and_vote_in_the_poll_that_they_opened() -> None:
    made = traffic(events=6_000, users=300)
    counts = Counter(webhook.event for webhook in made)
    for first, second in (
        ("session_started", "room_opened"), ("hl_viewed", "hl_button_pressed"),
        ("pq_opened", "pq_answer_sent"), ("betshare_list_opened", "betshare_list_bet_shared"),
    ):  # fmt: skip
        assert 0 < counts[second] < counts[first], second
    assert counts["delete_profile_confirmed"] == counts["account_restored"]
    polls = defaultdict(set)
    for webhook in made:
        if webhook.event in {"pq_opened", "pq_answer_sent"}:
            question = (webhook.value["user_id"], webhook.value["type"], webhook.value["question"])
            polls[webhook.event].add(question)
    assert polls["pq_answer_sent"] <= polls["pq_opened"]
    chosen = [webhook.value["ordinal"] for webhook in made if webhook.event == "emoji_sent"]
    assert len(set(chosen)) > 3


@pytest.mark.parametrize("name", ["user_id", "event_id", "platform", "project", "nickname"])
def test_chat_events_have_the_common_properties(name: str) -> None:
    assert all(name in webhook.value for webhook in traffic() if webhook.kind == "chat")


@pytest.mark.parametrize(("time", "days"), [("00:20", 10), ("00:05", 9), ("23:59", 10)])
def test_every_day_has_its_share_including_the_last(time: str, days: int) -> None:
    until = datetime.fromisoformat(f"2026-03-10T{time}+00:00")
    plan = Plan(2_000, 100, 10, 1, until, ("a", "b"))
    made = make_traffic(plan, load_catalogue())
    started = Counter(webhook.at.date() for webhook in made if webhook.event == "session_started")
    assert len(started) == days
    assert min(started.values()) * 4 > max(started.values())
    assert made[-1].at < until


def test_a_visit_begins_with_its_session() -> None:
    seen = set()
    for webhook in traffic(events=500, users=200):
        person = webhook.value.get("user_id")
        if webhook.kind == "chat" and person not in seen:
            assert webhook.event == "session_started"
            seen.add(person)


def test_a_session_reports_a_growing_length() -> None:
    lengths = [
        webhook.value["Duration"] for webhook in traffic() if webhook.event == "session_time"
    ]
    assert set(lengths) >= {10, 20, 30}
