"""The report has days, totals, funnel steps and cohorts, computed from rows."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.dashboard.report import WEEKS, Cohort, Window, follow, monday, report, today
from functions.dashboard.tables import TABLES
from tests.unit.dashboard.stand_ins import DAY, NONE, TODAY, daily, people, room


@pytest.mark.parametrize(
    ("last", "first"),
    [
        (date(2026, 11, 22), date(2026, 5, 23)),
        (date(2026, 8, 31), date(2026, 3, 1)),  # six months before is 28 February
        (date(2028, 8, 31), date(2028, 3, 1)),  # 29 February
        (date(2026, 6, 30), date(2025, 12, 31)),
        (date(2026, 1, 1), date(2025, 7, 2)),
    ],
)
def test_six_months_are_those_of_the_calendar(last: date, first: date) -> None:
    assert Window.MONTHS_6.first(last) == first


@given(st.dates(min_value=date(2020, 1, 1), max_value=date(2100, 1, 1)))
def test_the_windows_have_as_many_days_as_they_say(last: date) -> None:
    assert (last - Window.DAYS_90.first(last)).days == 89
    assert 180 <= (last - Window.MONTHS_6.first(last)).days <= 183
    assert monday(last).weekday() == 0
    assert 0 <= (last - monday(last)).days <= 6


def test_a_day_begins_at_midnight_utc() -> None:
    east = datetime(2026, 11, 23, 1, 30, tzinfo=UTC).astimezone()
    assert today(east) == date(2026, 11, 23)


def test_days_without_a_row_are_shown_without_people() -> None:
    rows = NONE._replace(
        daily=[daily(TODAY - 2 * DAY, events=5, messages=2)],
        people=[people(TODAY - 2 * DAY, dau=2, wau=3, mau=4), people(TODAY - DAY, wau=3, mau=4)],
    )
    made = report("p", Window.DAYS_90, TODAY, rows)
    assert [day.day for day in made.days] == [TODAY - n * DAY for n in reversed(range(90))]
    assert [(day.events, day.dau, day.wau) for day in made.days[-4:]] == [
        (0, 0, 0), (5, 2, 3), (0, 0, 3), (None, None, None),
    ]  # fmt: skip
    assert made.counted
    assert made.counted.day == TODAY - DAY
    assert made.last_received_at == rows.daily[0]["last_received_at"]


def test_a_day_may_have_counted_events_before_its_people_are_counted() -> None:
    rows = NONE._replace(daily=[daily(TODAY, events=5)], people=[people(TODAY - DAY, dau=2)])
    made = report("p", Window.DAYS_90, TODAY, rows)
    assert [(day.events, day.messages, day.dau) for day in made.days[-2:]] == [
        (0, 0, 2), (5, 0, None),
    ]  # fmt: skip
    assert made.counted
    assert made.counted.day == TODAY - DAY


@pytest.mark.parametrize(("newest", "whole"), [(TODAY, TODAY - DAY), (TODAY - DAY, TODAY - DAY)])
def test_the_last_whole_day_is_over_and_counted(newest: date, whole: date) -> None:
    rows = [people(TODAY - n * DAY) for n in range(3) if TODAY - n * DAY <= newest]
    last = report("p", Window.DAYS_90, TODAY, NONE._replace(people=rows)).last_whole
    assert last
    assert last.day == whole


def test_without_counted_days_none_is_whole() -> None:
    assert report("p", Window.DAYS_90, TODAY, NONE).last_whole is None


@pytest.mark.parametrize(("window", "people_"), [(Window.DAYS_90, 3), (Window.MONTHS_6, 7)])
def test_totals_count_people_once_and_add_the_rest_up(window: Window, people_: int) -> None:
    rows = NONE._replace(
        daily=[daily(TODAY - n * DAY, events=10, messages=n, active_users=3) for n in range(3)],
        people=[
            people(TODAY - DAY, active_90_days=99, active_6_months=99),
            people(TODAY, active_90_days=3, active_6_months=7, senders_6_months=2),
        ],
    )
    totals = report("p", window, TODAY, rows).totals
    assert (totals.events, totals.messages, totals.active_users) == (30, 3, people_)
    assert totals.senders == (2 if window is Window.MONTHS_6 else 0)


@pytest.mark.parametrize(("window", "people_"), [(Window.DAYS_90, 3), (Window.MONTHS_6, 7)])
def test_people_of_a_room_are_those_of_the_window_up_to_the_newest_counted_day(
    window: Window, people_: int
) -> None:
    counted = room("r", active_90_days=3, active_6_months=7, people_until=TODAY - DAY)
    made = report("p", window, TODAY, NONE._replace(rooms=[counted]))
    assert [one.people for one in made.rooms] == [people_]
    assert made.rooms_counted == TODAY - DAY


def test_people_of_a_room_are_unknown_until_they_are_counted() -> None:
    fresh = room("r", active_90_days=None, active_6_months=None, people_until=None)
    made = report("p", Window.DAYS_90, TODAY, NONE._replace(rooms=[fresh]))
    assert (made.rooms[0].people, made.rooms_counted) == (None, None)


def test_the_funnel_adds_the_days_up() -> None:
    rows = [
        daily(TODAY - n * DAY, started=10, opened=8, accepted=4, sent_message=1) for n in (0, 1)
    ]
    funnel = report("p", Window.DAYS_90, TODAY, NONE._replace(daily=rows)).funnel
    assert [(step.people, step.share) for step in funnel] == [
        (20, 1.0), (16, 0.8), (8, 0.4), (2, 0.1),
    ]  # fmt: skip


def test_there_is_a_report_without_any_rows() -> None:
    made = report("p", Window.DAYS_90, TODAY, NONE)
    assert made.is_empty
    assert (made.counted, made.synchronised_at, made.last_received_at) == (None, None, None)
    assert {step.share for step in made.funnel} == {None}


def test_cohorts_are_shown_up_to_this_week() -> None:
    first = monday(TODAY) - timedelta(weeks=2)
    rows = [
        {"cohort_week": first, "week": first, "people": 10},
        {"cohort_week": first, "week": first + timedelta(weeks=2), "people": 4},
        {"cohort_week": monday(TODAY), "week": monday(TODAY), "people": 5},
    ]
    newest, oldest = follow(rows, TODAY)
    assert newest == Cohort(monday(TODAY), 5, [])
    assert oldest == Cohort(first, 10, [0, 4])
    assert [oldest.share(later) for later in (0, 1, 2, 3)] == [None, 0.0, 0.4, None]


def test_a_week_that_is_not_counted_yet_has_no_number() -> None:
    """At midnight on Monday, it is not known yet which of last week's people come again."""
    today, week = monday(TODAY), monday(TODAY) - timedelta(weeks=1)
    rows = NONE._replace(
        people=[people(today - DAY, wau=3)],
        cohorts=[{"cohort_week": week, "week": week, "people": 3}],
    )
    [cohort] = report("p", Window.DAYS_90, today, rows).cohorts
    assert cohort.share(1) is None
    counted = rows._replace(people=[*rows.people, people(today)])
    [cohort] = report("p", Window.DAYS_90, today, counted).cohorts
    assert cohort.share(1) == 0


def test_an_old_cohort_is_followed_for_twelve_weeks() -> None:
    week = monday(TODAY) - timedelta(weeks=20)
    [cohort] = follow([{"cohort_week": week, "week": week, "people": 1}], TODAY)
    assert cohort.returned == [0] * WEEKS


def test_a_cohort_without_its_first_week_has_no_shares() -> None:
    week = monday(TODAY) - timedelta(weeks=1)
    [cohort] = follow([{"cohort_week": week, "week": monday(TODAY), "people": 1}], TODAY)
    assert cohort.share(1) is None


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_a_cell_for_each_column(name: str) -> None:
    week = monday(TODAY) - timedelta(weeks=1)
    rows = NONE._replace(
        daily=[daily(TODAY, started=1)],
        people=[people(TODAY)],
        rooms=[room("r")],
        cohorts=[{"cohort_week": week, "week": week, "people": 3}],
    )
    table = TABLES[name](report("p", Window.DAYS_90, TODAY, rows))
    assert table.name == name
    assert table.rows
    assert {len(row) for row in table.rows} == {len(table.columns)}
