"""A refresh makes active days from events."""

from datetime import datetime
from typing import Any

import pytest
from google.cloud import bigquery

from functions.events.catalogue import load_catalogue
from tests.sql import new_year
from tests.sql.new_year import NOW, TODAY, WAREHOUSE, query
from tests.sql.stand_in import StandIn
from tests.sql.sweeping import DAY, HOUR, end_of, erasure, event, room

pytestmark = pytest.mark.cell

MORNING, NOON, EVENING = (NOW - DAY + number * HOUR for number in (-4, 0, 8))
"""Three moments of yesterday."""
YESTERDAY = TODAY - DAY
END = end_of(NOON)
COLUMNS = "user_key, until, has_sent, has_opened, has_taken_part, has_asked, has_accepted"


async def made(client: bigquery.Client, stand_in: StandIn, columns: str) -> list[tuple[Any, ...]]:
    """Refresh twice, and return the active days."""
    found = []
    for _ in range(2):
        await new_year.refresh(stand_in.rest, YESTERDAY)
        sql = f"SELECT {columns} FROM `{WAREHOUSE.store}.active_days_v1` ORDER BY {columns}"
        found.append([tuple(row.values()) for row in query(client, sql)])
    assert found[0] == found[1], "a second refresh without news changes no row"
    return found[0]


async def test_a_person_has_one_row_a_day_with_all_acts(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    given: dict[str, list[str | None]] = {
        "ann": ["message_sent", "room_opened"],
        "bob": ["emoji_sent", "agreement_accepted"],
        "cat": ["la_opened"],
        "dan": ["settings_opened"],
        "eve": ["message_reaction_sent"],
        "fay": ["pq_answer_sent", "sticker_sent"],
        "gus": [None],
    }
    rows = [
        event(f"{user} {name}", user, NOON, event=name)
        for user, names in given.items()
        for name in names
    ]
    again = rows[0] | {"delivery_id": "again"}
    new_year.insert(as_of_new_year, "events_v1", [*rows, again])
    assert await made(as_of_new_year, stand_in, COLUMNS) == [
        ("ann", END, True, True, True, False, False),
        ("bob", END, False, False, True, False, True),
        ("cat", END, False, False, False, True, False),
        ("dan", END, False, False, False, False, False),
        ("eve", END, False, False, True, False, False),
        ("fay", END, False, False, True, False, False),
        ("gus", END, False, False, False, False, False),
    ]


async def test_a_row_has_the_rooms_of_the_day(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    rows = [
        event("1", "ann", MORNING, room_id="r2"),
        event("2", "ann", NOON, room_id="r1", event="emoji_sent"),
        event("3", "ann", EVENING, room_id="r1", event="room_opened"),
        event("4", "ann", EVENING),
        event("5", "bob", EVENING),
        event("6", "ann", NOW, room_id="r3"),
        event("7", None, NOON, room_id="r4"),
        event("8", "cat", NOON, kind="test"),
        room("9", ["dan"], NOON),
    ]
    new_year.insert(as_of_new_year, "events_v1", rows)
    await made(as_of_new_year, stand_in, "day, user_key")
    table = f"`{WAREHOUSE.store}.active_days_v1`"
    found = query(as_of_new_year, f"SELECT day, user_key, rooms FROM {table} ORDER BY 1, 2")
    assert [tuple(row.values()) for row in found] == [
        (
            YESTERDAY,
            "ann",
            [{"room_id": "r1", "has_sent": False}, {"room_id": "r2", "has_sent": True}],
        ),
        (YESTERDAY, "bob", []),
        (TODAY, "ann", [{"room_id": "r3", "has_sent": True}]),
    ]


RESTORED = {"status": "restored", "hidden_key": None}
EXECUTED = {"status": "executed", "hidden_key": None, "copy_salt": "s"}

Cut = tuple[datetime, dict[str, Any]]
CASES: dict[str, tuple[list[Cut], list[datetime]]] = {
    "a person who is not hidden": ([], [END]),
    "an erasure on the day": ([(NOON, {})], [NOON, END]),
    "one that is being executed": ([(NOON, {"status": "due"})], [NOON, END]),
    "an erasure of another day": ([(NOON + 2 * DAY, {})], [END]),
    "a restored erasure": ([(NOON, RESTORED)], [END]),
    "two erasures on the day": ([(MORNING, {}), (NOON, {})], [MORNING, NOON, END]),
    "an erasure on the day and one of the day after": (
        [(NOON, {}), (NOON + DAY, {})],
        [NOON, END],
    ),
    "what comes too late for an executed erasure": ([(NOON, EXECUTED)], [END]),
    "an erasure of the same person in another project": ([(NOON, {"project": "shop"})], [END]),
}
"""For each case: the cut-offs of a person's erasures, and the ends of the person's active days."""


async def test_a_day_is_cut_where_an_erasure_was_requested(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    rows, erasures = [], []
    for case, (cuts, _) in CASES.items():
        rows += [event(f"{case} {at}", case, at, flags=[]) for at in (MORNING, NOON, EVENING)]
        for number, (cut_off, other) in enumerate(cuts):
            name = f"{case} {number}"
            given = {"erasure_id": name, "hidden_key": f"hidden {name}"} | other
            erasures.append(erasure(case, cut_off, **given))
    new_year.insert(as_of_new_year, "events_v1", rows)
    new_year.insert(as_of_new_year, "erasures_v1", erasures)
    found = await made(as_of_new_year, stand_in, "user_key, until")
    ends = {case: [until for person, until in found if person == case] for case in CASES}
    assert ends == {case: expected for case, (_, expected) in CASES.items()}
    assert len(found) == sum(len(expected) for _, expected in CASES.values())


async def test_anonymised_people_are_marked(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    rows = [
        event("1", "a key of the day", NOON, flags=["unknown:a", "anonymised"]),
        event("2", "ann", NOON, flags=["unknown:a"]),
    ]
    new_year.insert(as_of_new_year, "events_v1", rows)
    found = await made(as_of_new_year, stand_in, "user_key, is_anonymised")
    assert found == [("a key of the day", True), ("ann", False)]


def test_every_act_has_an_event() -> None:
    acts = {act for each in load_catalogue().events for act in each.acts}
    assert acts == {"sent", "opened", "taken_part", "asked", "accepted"}
    assert not any(each.acts for each in load_catalogue().room_events)
