"""A sweep erases the events in scope and no others, however often and by how many it is run."""

import asyncio
import json
import re
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from google.cloud import bigquery

from functions.privacy.erasures.scope import Scope
from functions.privacy.periods import GATHERING, GRACE, OVERDUE, REMEMBERED, TOMBSTONE
from functions.warehouse.statements import StatementFailed
from tests.fakes.hook import ignore
from tests.sql.stand_in import StandIn
from tests.sql.sweeping import (
    DAY,
    HOUR,
    NOW,
    WAREHOUSE,
    Store,
    active_day,
    end_of,
    erasure,
    event,
    hold,
    identity,
    room,
)

pytestmark = pytest.mark.cell

CUT = NOW - GRACE - GATHERING - HOUR
"""The cut-off of erasures that are due now and have waited long enough for others."""
AN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}")
A_KEY = re.compile(r"[0-9a-f]{32}")


@pytest.fixture
def store(empty_warehouse: bigquery.Client, stand_in: StandIn) -> Store:
    return Store(empty_warehouse, stand_in.rest)


def receipts(store: Store, erasure_id: str) -> list[dict[str, Any]]:
    where = f"reference = '{erasure_id}'"
    rows = store.rows("receipt_id, TO_JSON_STRING(detail)", "receipts_v1", where)
    assert len({row[0] for row in rows}) == len(rows)
    return [json.loads(row[1]) for row in rows]


def total(store: Store, erasure_id: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for detail in receipts(store, erasure_id):
        found.update(detail.get("counts", {}))
    return found


def statuses(store: Store) -> dict[str, str]:
    return dict(store.rows("user_key, status", "erasures_v1"))


async def test_a_person_is_anonymised_up_to_the_cut_off(store: Store) -> None:
    store.fill("erasures_v1", [erasure("ann", CUT)])
    store.fill(
        "events_v1",
        [
            event("1", "ann", CUT - 3 * DAY),
            event("2", "ann", CUT - 2 * DAY),
            event("3", "ann", CUT - 2 * DAY - HOUR),
            event("4", "ann", CUT),
            event("after", "ann", CUT + HOUR / 3600),
            event("other", "bob", CUT - DAY),
            event("elsewhere", "ann", CUT - DAY, project="shop"),
        ],
    )
    report = await store.sweep()
    assert (report.finished, report.unavailable) == (True, "")
    kept = "user_key IN ('ann', 'bob')"
    assert store.rows("ingest_id, user_key, project", where=kept) == [
        ("after", "ann", "dev"),
        ("elsewhere", "ann", "shop"),
        ("other", "bob", "dev"),
    ]
    gone = f"NOT {kept}"
    rows = store.rows("received_at, user_key, ingest_id, extra IS NULL", where=gone)
    assert len(rows) == 4
    assert all(A_KEY.fullmatch(row[1]) and AN_ID.fullmatch(row[2]) and row[3] for row in rows)
    days: dict[Any, set[str]] = {}
    for at, key, *_ in rows:
        days.setdefault(at.date(), set()).add(key)
    assert [len(keys) for keys in days.values()] == [1, 1, 1]
    assert len(set.union(*days.values())) == 3
    flags = {
        tuple(row[0])
        for row in store.client.query(
            f"SELECT flags FROM `local.chat_eu_store.events_v1` WHERE {gone}"
        ).result()
    }
    assert flags == {("unknown:a", "anonymised")}
    assert report.executed == {"erasure of ann": {"events_anonymised": 4}}
    [tombstone] = store.rows(
        "status, hidden_key, day_salt, executed_at, expires_at, copy_salt IS NULL", "erasures_v1"
    )
    assert tombstone == ("executed", None, None, NOW, NOW + TOMBSTONE, False)


async def test_a_person_is_deleted_up_to_the_cut_off(store: Store) -> None:
    store.fill("erasures_v1", [erasure("ann", CUT, treatment="delete"), erasure("bob", CUT)])
    events = [event("1", "ann", CUT - DAY), event("2", "ann", CUT + DAY), event("3", "bob", CUT)]
    store.fill("events_v1", events)
    report = await store.sweep()
    assert report.executed["erasure of ann"] == {"events_deleted": 1}
    assert store.rows("received_at, user_key = 'ann'") == [(CUT, False), (CUT + DAY, True)]


async def test_erasures_that_are_not_due_or_are_held_or_restored_erase_nothing(
    store: Store,
) -> None:
    people = ["young", "held", "was held", "restored", "taken back"]
    stream = {"source": "stream"}
    store.fill(
        "erasures_v1",
        [
            erasure("young", NOW - GRACE + HOUR),
            erasure("held", CUT),
            erasure("was held", CUT),
            erasure("restored", CUT, status="restored"),
            erasure("taken back", CUT, **stream),
            erasure("taken back", CUT, status="restoration", erasure_id="r", **stream),
            erasure("came again", CUT, **stream),
            erasure("came again", CUT - HOUR, status="restoration", erasure_id="q", **stream),
            erasure("by api", CUT),
            erasure("by api", CUT, status="restoration", erasure_id="p", **stream),
        ],
    )
    released = hold("was held", released_at=(NOW - HOUR).isoformat())
    over = hold("was held", until=(NOW - HOUR).isoformat())
    store.fill("holds_v1", [hold("held"), released, over, hold("came again", project="shop")])
    everyone = [*people, "came again", "by api"]
    store.fill("events_v1", [event(f"of {user}", user, CUT - DAY) for user in everyone])
    report = await store.sweep()
    kept = [row[0] for row in store.rows("user_key") if not A_KEY.fullmatch(row[0])]
    assert kept == ["held", "restored", "taken back", "young"]
    assert set(report.executed) == {f"erasure of {x}" for x in ("was held", "came again", "by api")}
    where = "erasure_id = 'erasure of taken back'"
    assert store.rows("status", "erasures_v1", where) == [("restored",)]
    # The hold ends, and the erasure is executed.
    where = "TRUE"
    store.client.query(f"DELETE FROM `local.chat_eu_store.holds_v1` WHERE {where}").result()
    assert set((await store.sweep()).executed) == {"erasure of held"}


async def test_a_hold_stops_an_execution_and_the_erasure_of_late_events(store: Store) -> None:
    done = {"status": "executed", "copy_salt": "s", "claim": "c", "expires_at": NOW.isoformat()}
    done["executed_at"] = CUT.isoformat()
    begun = {"status": "due", "copy_salt": "s", "day_salt": "d", "claim": "c"}
    store.fill("erasures_v1", [erasure("ann", CUT, **done), erasure("bob", CUT, **begun)])
    store.fill("holds_v1", [hold("ann"), hold("bob")])
    store.fill("events_v1", [event("1", "ann", CUT), event("2", "bob", CUT)])
    store.fill("identities_v1", [identity("ann", CUT, CUT), identity("bob", CUT, CUT)])
    await store.sweep()
    assert statuses(store) == {"ann": "executed", "bob": "due"}
    assert [row[0] for row in store.rows("user_key")] == ["ann", "bob"]
    assert len(store.rows("user_key", "identities_v1")) == 2
    # The tombstone stays until the hold ends, so that a sweep then erases the events on hold.
    store.now += 99 * DAY
    await store.sweep()
    assert statuses(store) == {"ann": "executed", "bob": "due"}
    store.now += 2 * DAY
    await store.sweep()
    assert [row[0] for row in store.rows("user_key", where="user_key IN ('ann', 'bob')")] == []
    assert statuses(store) == {"bob": "executed"}


async def test_a_person_who_came_back_is_erased_again(store: Store) -> None:
    first = CUT - 10 * DAY
    store.fill(
        "erasures_v1",
        [
            erasure("ann", first, erasure_id="1", status="executed", copy_salt="s", claim="c"),
            erasure("ann", CUT, erasure_id="2", treatment="delete"),
            erasure("ann", CUT + 20 * DAY, erasure_id="3"),
        ],
    )
    store.fill(
        "events_v1",
        [
            event("late for 1", "ann", first),
            event("of 2", "ann", first + HOUR),
            event("of 3", "ann", CUT + HOUR),
            event("of nobody's erasure", "ann", CUT + 21 * DAY),
        ],
    )
    report = await store.sweep()
    assert store.rows("received_at, user_key") == [
        (first, None),
        (CUT + HOUR, "ann"),
        (CUT + 21 * DAY, "ann"),
    ]
    assert report.executed == {"2": {"events_deleted": 1}}
    assert total(store, "1") == {"events_anonymised": 1}


async def test_an_execution_replaces_earlier_erasures_of_the_person(store: Store) -> None:
    immediate = {"mode": "immediate", "due_at": NOW.isoformat(), "treatment": "delete"}
    store.fill(
        "erasures_v1",
        [
            erasure("ann", NOW - 5 * DAY, erasure_id="grace", source="stream"),
            erasure("ann", NOW, erasure_id="at once", **immediate),
            erasure("bob", NOW - 5 * DAY, erasure_id="grace"),
        ],
    )
    events = [event("1", "ann", NOW - 6 * DAY), event("2", "ann", NOW), event("3", "bob", NOW)]
    store.fill("events_v1", events)
    report = await store.sweep(["at once"])
    assert report.finished
    assert set(report.executed) == {"grace", "at once"}
    assert store.rows("ingest_id, user_key") == [("3", "bob")]
    assert len(store.rollups.counted) == 1


async def test_an_erasure_does_not_wait_for_rollups_that_fail(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    immediate = {"mode": "immediate", "due_at": NOW.isoformat(), "treatment": "delete"}
    store.fill("erasures_v1", [erasure("ann", NOW, **immediate)])
    store.fill("events_v1", [event("1", "ann", NOW - DAY), event("2", "bob", NOW)])
    type(store.rollups).failure = StatementFailed("refresh_rooms", "resourcesExceeded")
    report = await store.sweep()
    assert (report.finished, report.unavailable) == (True, "")
    assert statuses(store) == {"ann": "executed"}
    assert store.rows("ingest_id, user_key") == [("2", "bob")]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    failed = [
        (line["severity"], line["failed"])
        for line in lines
        if line["message"] == "people not counted before an erasure"
    ]
    assert failed == [("ERROR", "refresh_rooms")] * 2, "once for the past days, once for today"


async def test_a_sweep_for_named_erasures_begins_only_these(store: Store) -> None:
    store.fill("erasures_v1", [erasure("ann", CUT), erasure("bob", CUT)])
    report = await store.sweep(["erasure of ann"])
    assert (report.finished, list(report.executed)) == (True, ["erasure of ann"])
    assert statuses(store) == {"ann": "executed", "bob": "hidden"}
    assert (await store.sweep()).finished
    assert statuses(store) == {"ann": "executed", "bob": "executed"}
    assert store.rollups.counted == []  # days before a grace period have final counts already


async def test_all_key_versions_and_ids_of_a_person_are_one_erasure(store: Store) -> None:
    keys = ["ann v1", "ann v2", "annie v1", "annie v2"]
    store.fill("erasures_v1", [erasure(key, CUT, erasure_id="e") for key in keys])
    store.fill("events_v1", [event(key, key, CUT - DAY) for key in keys])
    store.fill("identities_v1", [identity(key, CUT - DAY, CUT, key_version=2) for key in keys])
    report = await store.sweep()
    assert report.executed == {"e": {"events_anonymised": 4, "identities_erased": 4}}
    # All keys have one salt, because a copy in another system does not say which key its event had.
    assert store.rows("COUNT(DISTINCT copy_salt)", "erasures_v1") == [(1,)]
    assert not store.rows("user_key", "identities_v1")
    found = {row[0] for row in store.rows("user_key")}
    assert len(found) == 4
    assert not found & set(keys)


async def test_late_rows_are_caught_and_copies_stay_copies(store: Store) -> None:
    store.fill("erasures_v1", [erasure("ann", CUT), erasure("bob", CUT, treatment="delete")])
    store.fill("events_v1", [event("1", "ann", CUT), event("2", "bob", CUT)])
    await store.sweep()
    [(new_id,)] = store.rows("ingest_id")
    store.now += 2 * DAY
    at = {"stored_at": store.now.isoformat()}
    late = [event("1", "ann", CUT, delivery_id="late", **at), event("3", "ann", CUT - DAY, **at)]
    store.fill_late([*late, event("2", "bob", CUT, **at)])
    store.fill("identities_v1", [identity("ann", CUT, CUT)])
    report = await store.sweep()
    assert report.finished
    assert [row[0] for row in store.rows("ingest_id", where=f"ingest_id = '{new_id}'")] == [
        new_id
    ] * 2
    assert store.rows("COUNT(*), COUNT(user_key)") == [(3, 1)]
    assert not store.rows("user_key", "identities_v1")
    assert total(store, "erasure of ann") == {"events_anonymised": 3, "identities_erased": 1}
    assert total(store, "erasure of bob") == {"events_deleted": 2}
    # A tombstone is deleted when no event can come late any more.
    store.now = NOW + TOMBSTONE + DAY
    await store.sweep()
    assert statuses(store) == {}


async def test_new_ids_match_those_computed_for_copies_elsewhere(store: Store) -> None:
    store.fill("erasures_v1", [erasure("ann", CUT)])
    store.fill("events_v1", [event("1", "ann", CUT)])
    await store.sweep()
    [(salt,)] = store.rows("copy_salt", "erasures_v1")
    scope = Scope("e", "acme", "dev", "ann", "anonymise", "due", "c", CUT, CUT, salt)
    assert store.rows("ingest_id") == [(scope.ingest_id("1"),)]


@pytest.mark.parametrize("treatment", ["anonymise", "delete"])
async def test_a_copy_received_after_the_cut_off_is_the_covered_event(
    store: Store, treatment: str
) -> None:
    store.fill("erasures_v1", [erasure("ann", CUT, treatment=treatment)])
    retried = event("1", "ann", CUT + DAY, delivery_id="retried")
    own = event("2", "ann", CUT + DAY)
    store.fill("events_v1", [event("1", "ann", CUT - DAY), retried, own])
    await store.sweep()
    left = [(CUT + DAY, "ann")]
    assert store.rows("received_at, user_key", where="user_key = 'ann'") == left
    assert len(store.rows("ingest_id")) == (2 if treatment == "anonymise" else 1)
    if treatment == "anonymise":  # a deleted event leaves no row by which to recognise a copy
        again = event("1", "ann", CUT + 2 * DAY, delivery_id="retried again")
        store.fill_late([again])
        await store.sweep()
        assert store.rows("received_at, user_key", where="user_key = 'ann'") == left


async def test_speakers_are_taken_out_of_covered_rooms(store: Store) -> None:
    store.fill(
        "erasures_v1",
        [erasure("ann", CUT), erasure("bob", CUT - DAY, treatment="delete"), erasure("cat", NOW)],
    )
    store.fill(
        "events_v1",
        [
            room("1", ["dan", "bob", "ann", "cat", "eve"], CUT - 2 * DAY),
            room("2", ["dan", "bob", "ann"], CUT - HOUR),
            room("3", ["ann", "bob"], CUT + HOUR),
            room("4", ["ann", "bob"], CUT - 2 * DAY, project="shop"),
            room("5", ["ann"], CUT - 2 * DAY),
        ],
    )
    report = await store.sweep()
    rows = store.client.query(
        "SELECT room.speakers, room.name, room.is_speak FROM `local.chat_eu_store.room_events_v1`"
        " ORDER BY ingest_id"
    ).result()
    assert [(*row.values(),) for row in rows] == [
        (["dan", "cat", "eve"], "Final", True),
        (["dan", "bob"], "Final", True),
        (["ann", "bob"], "Final", True),
        (["ann", "bob"], "Final", True),
        ([], "Final", True),
    ]
    assert report.executed["erasure of ann"] == {"speakers_removed": 3}
    assert report.rows["remove_speakers"] == 3


async def test_active_days_are_erased_as_the_events_are(store: Store) -> None:
    deleted = erasure("bob", CUT, treatment="delete")
    store.fill("erasures_v1", [erasure("ann", CUT), deleted, erasure("held", CUT)])
    store.fill("holds_v1", [hold("held")])
    store.fill("events_v1", [event("1", "ann", CUT - DAY), event("2", "ann", CUT)])
    users = ("ann", "bob", "held")
    untils = (end_of(CUT - DAY), CUT, end_of(CUT), end_of(CUT + DAY))
    rows = [active_day(user, until) for user in users for until in untils]
    store.fill("active_days_v1", [*rows, active_day("ann", CUT, project="shop")])
    report = await store.sweep()
    changed = (report.rows["anonymise_active_days"], report.rows["delete_active_days"])
    assert changed == (2, 2)
    left = store.rows("until, user_key", "active_days_v1", "user_key IN ('ann', 'bob', 'held')")
    assert left == sorted(
        [(until, "held") for until in untils]
        + [(until, user) for user in ("ann", "bob") for until in untils[2:]]
        + [(CUT, "ann")]
    )
    # Anonymised active days have the keys of the events, so a refresh makes the same rows again.
    keys = store.rows("DATE(received_at), user_key")
    anonymous = store.rows("day, user_key", "active_days_v1", "is_anonymised")
    assert anonymous == keys


async def test_a_later_sweep_deletes_active_days_that_a_refresh_stored_during_the_erasure(
    store: Store,
) -> None:
    store.fill("erasures_v1", [erasure("ann", CUT)])
    store.fill("events_v1", [event("1", "ann", CUT)])
    await store.sweep()
    store.fill("active_days_v1", [active_day("ann", CUT), active_day("ann", end_of(CUT))])
    store.now += HOUR
    report = await store.sweep()
    assert report.rows["delete_active_days"] == 1
    assert store.rows("user_key, until", "active_days_v1") == [("ann", end_of(CUT))]
    store.now += 3 * HOUR
    store.watch.ran.clear()
    await store.sweep()
    assert "delete_active_days" not in store.watch.ran, "a refresh cannot take that long"


async def test_a_person_who_came_back_gets_a_new_identity(store: Store) -> None:
    store.fill("erasures_v1", [erasure("ann", CUT), erasure("bob", CUT), erasure("cat", CUT)])
    back = CUT + 3 * DAY
    store.fill("events_v1", [event("1", "ann", back), event("2", "ann", back + DAY)])
    store.fill(
        "identities_v1",
        [
            identity("ann", CUT - 90 * DAY, back + DAY),
            identity("ann", CUT - DAY, CUT),
            identity("ann", back, back, nickname="new"),
            identity("bob", CUT - DAY, CUT - DAY),
            identity("cat", CUT - DAY, back),
            identity("ann", CUT - DAY, CUT, project="shop"),
        ],
    )
    for _ in range(2):
        assert (await store.sweep()).finished
        assert store.rows(
            "user_key, project, first_seen, last_seen, nickname", "identities_v1"
        ) == [
            ("ann", "dev", back, back, "new"),
            ("ann", "dev", back, back + DAY, None),
            ("ann", "shop", CUT - DAY, CUT, "name of ann"),
            ("cat", "dev", back, back, None),
        ]


async def test_two_equal_erasures_filed_at_once_are_executed_once(store: Store) -> None:
    twice = [erasure("ann", CUT, erasure_id=name) for name in ("one", "other")]
    again = erasure("bob", CUT, erasure_id="again")
    done = erasure("bob", CUT, erasure_id="0", status="executed", copy_salt="s", claim="c")
    store.fill("erasures_v1", [*twice, done, again])
    store.fill("events_v1", [event("1", "ann", CUT)])
    report = await store.sweep()
    assert report.executed == {"one": {"events_anonymised": 1}, "other": {}, "again": {}}
    assert {row[0] for row in store.rows("status", "erasures_v1")} == {"executed"}


def traffic(people: int) -> list[dict[str, Any]]:
    return [
        event(f"{user} {number}", f"user {user}", CUT - number * 7 * HOUR)
        for user in range(people)
        for number in range(-2, 4)
    ]


def erasures(people: int) -> list[dict[str, Any]]:
    return [
        erasure(f"user {user}", CUT, treatment=("anonymise", "delete")[user % 2])
        for user in range(people)
    ]


@pytest.mark.soak
async def test_sweeps_at_the_same_time_erase_correctly_while_events_come(store: Store) -> None:
    store.fill("erasures_v1", erasures(20))
    events = traffic(20)
    store.fill("events_v1", events[::2])

    async def stream() -> None:
        for start in range(1, len(events), 20):
            await asyncio.to_thread(store.fill, "events_v1", events[start : start + 20 : 2])

    reports = await asyncio.gather(*(store.sweep() for _ in range(3)), stream())
    assert {report.unavailable for report in reports if report} == {""}
    assert (await store.sweep()).finished
    cut = f"received_at <= '{CUT.isoformat()}'"
    assert not store.rows("user_key", where=f"{cut} AND user_key LIKE 'user %'")
    assert len(store.rows("user_key", where=f"NOT {cut} AND user_key LIKE 'user %'")) == 40
    assert store.rows("COUNT(*), COUNT(DISTINCT ingest_id)", where=cut) == [(40, 40)]
    # Events that arrive between the count and the change of a sweep are erased, but not counted.
    assert counted(store, 20) <= 40


@pytest.mark.soak
async def test_sweeps_that_meet_count_each_event_once(store: Store) -> None:
    store.fill("erasures_v1", erasures(20))
    store.fill("events_v1", traffic(20))
    reports = await asyncio.gather(*(store.sweep() for _ in range(3)))
    assert {report.unavailable for report in reports} == {""}
    assert (await store.sweep()).finished
    assert counted(store, 20) == 40


def counted(store: Store, people: int) -> int:
    """How many anonymised events the receipts of all people name."""
    return sum(
        total(store, f"erasure of user {user}")["events_anonymised"] for user in range(people)
    )


@pytest.mark.parametrize("treatment", ["anonymise", "delete"])
async def test_an_event_that_arrives_after_the_count_is_erased_and_the_total_is_not_exact(
    store: Store, treatment: str
) -> None:
    store.fill("erasures_v1", [erasure("ann", CUT, treatment=treatment)])
    store.fill("events_v1", [event("1", "ann", CUT - HOUR)])
    statement = {"anonymise": "anonymise_events", "delete": "delete_events"}[treatment]

    def arrive(name: str) -> None:
        if name == statement:
            store.watch.before = ignore
            store.fill("events_v1", [event("2", "ann", CUT - HOUR)])

    store.watch.before = arrive
    await store.sweep()
    assert not store.rows("ingest_id", where="user_key = 'ann'")
    executed = receipts(store, "erasure of ann")[-1]
    assert (sum(executed["total"].values()), executed["exact"]) == (1, False)


STEPS = [
    "find_work", "find_news", "claim_due_erasures", "find_scopes", "find_days_in_scope",
    "count_in_scope", "count_room_events_in_scope", "count_identities_in_scope",
    "find_days_with_retries", "add_receipts", "note_days", "delete_later_copies",
    "anonymise_events", "delete_events",
    "anonymise_room_events", "delete_room_events", "remove_speakers",
    "anonymise_active_days", "delete_active_days", "erase_identities", "find_receipts",
    "add_receipts", "finish_erasures", "record_run",
]  # fmt: skip
"""The statements of an execution in which every statement changes rows; some run together."""
OF_EVENTS = {"delete_later_copies", "anonymise_events", "delete_events"}
OF_ROOMS = {"anonymise_room_events", "delete_room_events", "remove_speakers"}


async def test_people_who_changed_rooms_are_erased_there_and_their_later_copies(
    store: Store,
) -> None:
    store.fill("erasures_v1", [erasure("ann", CUT), erasure("bob", CUT, treatment="delete")])
    kept = room("kept", ["eve"], CUT + HOUR, user_key="bob")
    store.fill(
        "events_v1",
        [
            kept,
            *(room(f"of {user}", ["eve"], CUT, user_key=user) for user in ("ann", "bob", "cat")),
            *(
                room(f"of {user}", ["eve"], CUT + HOUR, user_key=user, delivery_id=f"again {user}")
                for user in ("ann", "bob")
            ),
        ],
    )
    report = await store.sweep()
    assert report.executed == {
        "erasure of ann": {"room_events_anonymised": 1},
        "erasure of bob": {"room_events_deleted": 1},
    }
    assert report.rows["delete_later_room_copies"] == 2
    left = store.rows("ingest_id, retry_key, user_key", "room_events_v1")
    assert {("kept", "kept", "bob"), ("of cat", "of cat", "cat")} < set(left)
    [(ingest_id, retry_key, user_key)] = [row for row in left if row[2] not in {"bob", "cat"}]
    assert ingest_id == retry_key != "of ann"
    assert A_KEY.fullmatch(user_key)


@pytest.mark.soak
async def test_the_statements_do_not_grow_with_the_people(store: Store) -> None:
    for people in (2, 60):
        store.watch.ran.clear()
        users = [f"{people} user {number}" for number in range(people)]
        store.fill(
            "erasures_v1",
            [
                erasure(user, CUT, treatment=("anonymise", "delete")[number % 2])
                for number, user in enumerate(users)
            ],
        )
        store.fill("events_v1", [event(f"{user} 1", user, CUT) for user in users])
        store.fill("events_v1", [event(f"{user} 2", user, CUT + HOUR) for user in users])
        rooms = [room(f"{people} room", users, CUT)]
        rooms += [room(f"{user} room", [], CUT, user_key=user) for user in users]
        store.fill("events_v1", rooms)
        store.fill("identities_v1", [identity(user, CUT, CUT) for user in users])
        report = await store.sweep()
        assert len(report.executed) == people
        assert sorted(store.watch.ran) == sorted(STEPS)


async def test_a_sweep_with_nothing_late_reads_no_events(store: Store) -> None:
    done = {"status": "executed", "copy_salt": "s", "claim": "c", "executed_at": CUT.isoformat()}
    store.fill("erasures_v1", [erasure("ann", CUT, **done)])
    await store.sweep()
    store.now += HOUR
    store.watch.ran.clear()
    assert (await store.sweep()).finished
    assert store.watch.ran == ["find_work", "find_news", "find_scopes", "record_run"]


async def test_a_noted_day_is_counted_and_left_alone_where_nothing_is_in_scope(
    store: Store,
) -> None:
    done = {"status": "executed", "copy_salt": "s", "claim": "c", "executed_at": CUT.isoformat()}
    store.fill("erasures_v1", [erasure("ann", CUT, **done)])
    await store.sweep()
    store.fill_late([event("1", "bob", CUT - DAY)])
    store.watch.ran.clear()
    assert (await store.sweep()).finished
    assert store.watch.ran == [
        "find_work", "find_news", "find_scopes", "count_in_scope", "count_room_events_in_scope",
        "count_identities_in_scope", "find_days_with_retries", "record_run",
    ]  # fmt: skip


async def test_a_row_without_a_note_is_found_within_a_week_and_reported(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.fill("erasures_v1", [erasure("ann", CUT)])
    await store.sweep()
    store.fill("events_v1", [event("1", "ann", CUT, stored_at=NOW.isoformat())])
    for _ in range(6):
        store.now += DAY
        assert (await store.sweep()).finished
    assert [row[0] for row in store.rows("user_key")] == ["ann"]
    assert "late rows missed" not in capsys.readouterr().out
    store.now += DAY
    assert (await store.sweep()).rows["anonymise_events"] == 1
    assert [row[0] for row in store.rows("user_key")] == [None]
    [line] = [line for line in capsys.readouterr().out.splitlines() if "late rows missed" in line]
    assert json.loads(line)["rows"] == 1


async def test_an_identity_that_came_late_is_erased_even_if_it_was_merged(store: Store) -> None:
    store.fill("erasures_v1", [erasure("ann", CUT)])
    await store.sweep()
    store.now += HOUR
    back = CUT + 20 * DAY
    store.fill("events_v1", [event("new", "ann", back)])
    store.fill_late([event("1", "ann", CUT)])
    store.fill("identities_v1", [identity("ann", CUT, back)])
    assert (await store.sweep()).finished
    found = store.rows("first_seen, last_seen, nickname", "identities_v1")
    assert found == [(back, back, None)]


async def test_an_event_that_comes_on_time_but_after_the_execution_is_erased(store: Store) -> None:
    at_once = {"mode": "immediate", "due_at": NOW.isoformat()}
    store.fill("erasures_v1", [erasure("ann", NOW, **at_once)])
    assert (await store.sweep(["erasure of ann"])).finished
    store.fill("events_v1", [event("1", "ann", NOW - HOUR / 2)])
    store.fill("identities_v1", [identity("ann", NOW - HOUR / 2, NOW - HOUR / 2)])
    store.now += HOUR / 2
    assert (await store.sweep()).rows == {"anonymise_events": 1, "erase_identities": 1}
    assert store.rows("user_key") == [(None,)]
    # A retry of this event also comes on time.
    store.now += HOUR
    store.fill("events_v1", [event("1", "ann", store.now, delivery_id="retried")])
    assert (await store.sweep()).rows == {"delete_later_copies": 1}
    # Only an event with an id from its request can be a retry; this id is of another kind.
    other = "0199d6a2-6a5c-7d4e-8c3f-0123456789ab"
    store.fill("events_v1", [event(other, "ann", store.now)])
    store.watch.ran.clear()
    store.now += HOUR
    await store.sweep()
    assert "delete_later_copies" not in store.watch.ran


async def test_a_request_repeated_after_the_execution_covers_later_events(
    store: Store,
) -> None:
    done = {"status": "executed", "copy_salt": "s", "claim": "c", "executed_at": CUT.isoformat()}
    store.fill("erasures_v1", [erasure("ann", CUT, **done)])
    store.fill("events_v1", [room("1", ["ann", "bob"], CUT + 5 * DAY)])
    await store.sweep()
    store.now += HOUR
    where = f"cut_off = TIMESTAMP '{store.now.isoformat()}'"
    store.client.query(f"UPDATE `{WAREHOUSE.store}.erasures_v1` SET {where} WHERE TRUE").result()
    assert (await store.sweep()).rows == {"remove_speakers": 1}


async def test_due_erasures_wait_for_each_other_for_half_a_day(store: Store) -> None:
    store.fill("erasures_v1", [erasure("ann", NOW - GRACE - GATHERING + HOUR)])
    store.fill("erasures_v1", [erasure("bob", NOW - GRACE - HOUR)])
    store.fill("erasures_v1", [erasure("cat", NOW - GRACE + DAY)])
    assert (await store.sweep()).executed == {}
    store.now += HOUR
    assert set((await store.sweep()).executed) == {"erasure of ann", "erasure of bob"}


@pytest.mark.parametrize(
    "other",
    [
        {"mode": "immediate", "due_at": NOW.isoformat()},
        {"status": "due", "claim": "c", "day_salt": "d", "copy_salt": "s"},
    ],
)
async def test_an_execution_also_executes_all_other_due_erasures(
    store: Store, other: dict[str, Any]
) -> None:
    store.fill("erasures_v1", [erasure("ann", NOW - GRACE - HOUR), erasure("bob", CUT, **other)])
    assert set((await store.sweep()).executed) == {"erasure of ann", "erasure of bob"}


async def test_erasures_that_nothing_executes_are_reported(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    late = NOW - GRACE - OVERDUE
    store.fill("erasures_v1", [erasure("ann", late + HOUR), erasure("held", late)])
    store.fill("holds_v1", [hold("held")])
    await store.sweep()
    assert "overdue" not in capsys.readouterr().out
    store.fill("erasures_v1", [erasure("bob", late), erasure("cat", late)])
    await store.sweep()
    [line] = [line for line in capsys.readouterr().out.splitlines() if "overdue" in line]
    assert json.loads(line)["erasures"] == 2


async def test_a_sweep_with_nothing_to_do_only_looks_for_work(store: Store) -> None:
    assert (await store.sweep()).finished
    assert store.watch.ran == ["find_work", "find_news", "find_scopes", "record_run"]


@pytest.mark.soak
@pytest.mark.parametrize("others", [OF_EVENTS, OF_ROOMS])
async def test_a_sweep_that_is_cut_off_anywhere_is_continued(
    store: Store, others: set[str]
) -> None:
    """Each run gets one step further; earlier changes are neither lost nor counted twice.

    A sweep changes events and room events at the same time, so a test cuts off only one of them.
    """
    store.fill("erasures_v1", erasures(2))
    rooms = [room(f"of {number}", [], CUT, user_key=f"user {number}") for number in range(2)]
    store.fill("events_v1", [*traffic(2), *rooms, room("r", ["user 0", "bob"], CUT)])
    store.fill("identities_v1", [identity("user 0", CUT, CUT)])
    # Two statements are not cut off. After the erasures are claimed, a sweep no longer takes their
    # days from active days, because an earlier sweep may have changed some. Identities are erased
    # together with the first events, so later runs find no identities.
    once = {"find_days_in_scope", "erase_identities"} | others
    for step in dict.fromkeys(step for step in STEPS if step not in once):
        crash_after(store, step)
        report = await store.sweep()
        assert (report.finished, report.unavailable) == (False, f"{step}: crash")
    store.watch.after = ignore
    assert (await store.sweep()).finished
    found = store.rows("COUNT(*), COUNT(DISTINCT ingest_id)", where="kind = 'chat'")
    assert found == [(8, 8)]
    assert total(store, "erasure of user 0") == {
        "events_anonymised": 4,
        "identities_erased": 1,
        "room_events_anonymised": 1,
        "speakers_removed": 1,
    }
    assert total(store, "erasure of user 1") == {"events_deleted": 4, "room_events_deleted": 1}
    noted = receipts(store, "erasure of user 0")
    assert [detail["step"] for detail in noted] == ["begun", "executed"]
    assert noted[-1]["exact"] is False, "the first sweep may have changed rows without a receipt"


async def test_the_next_sweep_erases_events_whose_active_days_are_already_gone(
    store: Store,
) -> None:
    """A sweep changes the tables at the same time, so it may delete active days before events."""
    store.fill("erasures_v1", [erasure("ann", CUT, treatment="delete")])
    store.fill("events_v1", [event("1", "ann", CUT), event("2", "ann", CUT - 9 * DAY)])
    store.fill("identities_v1", [identity("ann", CUT, CUT)])
    store.fill("active_days_v1", [active_day("ann", end_of(CUT - 9 * DAY))])

    def crash(name: str) -> None:
        if name == "delete_events":
            raise StatementFailed(name, "crash")

    store.watch.before = crash
    assert not (await store.sweep()).finished
    assert store.rows("user_key", "active_days_v1") == []
    store.watch.before = ignore
    report = await store.sweep()
    assert report.executed == {"erasure of ann": {"events_deleted": 2, "identities_erased": 1}}
    assert store.rows("user_key") == []


async def test_an_execution_reads_the_days_on_which_people_were_active(store: Store) -> None:
    """An event on a day without active days is one whose day was not noted."""
    fresh = {"started_at": NOW.isoformat(), "finished_at": NOW.isoformat()}
    fresh |= {"first_day": "2026-01-01", "last_day": str(NOW.date())}
    jobs = ("refresh", "settle", "sweep", "full_sweep")
    store.fill("runs_v1", [fresh | {"job": job} for job in jobs])
    store.fill("erasures_v1", [erasure("ann", CUT, treatment="delete")])
    active, unknown = CUT - 9 * DAY, CUT - 20 * DAY
    store.fill("active_days_v1", [active_day("ann", end_of(active))])
    rooms = [room("3", ["ann"], unknown), room("4", [], unknown - DAY, user_key="ann")]
    store.fill("events_v1", [event("1", "ann", active), event("2", "ann", unknown), *rooms])
    report = await store.sweep()
    expected = {"events_deleted": 1, "room_events_deleted": 1, "speakers_removed": 1}
    assert report.executed == {"erasure of ann": expected}
    assert store.rows("ingest_id") == [("2",)]
    assert store.rows("ingest_id", "room_events_v1") == [("3",)]
    # The weekly search of all days finds this event.
    store.now += 7 * DAY
    assert (await store.sweep()).rows["delete_events"] == 1


def crash_after(store: Store, statement: str) -> None:
    def crash(name: str) -> None:
        if name == statement:
            raise StatementFailed(name, "crash")

    store.watch.after = crash


async def test_a_sweep_stops_in_time_and_the_next_one_goes_on(store: Store) -> None:
    store.fill("erasures_v1", erasures(2))
    store.fill("events_v1", traffic(2))

    def pass_time(name: str) -> None:
        store.clock += 0.3

    store.watch.after = pass_time
    runs = 0
    while not (await store.sweep()).finished:
        runs += 1
        store.watch.after = pass_time if runs < 3 else ignore
    assert runs == 3
    assert len(store.rows("user_key", where="user_key LIKE 'user %'")) == 4


async def test_old_days_are_read_only_while_something_is_due(store: Store) -> None:
    old = NOW - REMEMBERED - 2 * DAY
    done = {"status": "executed", "copy_salt": "s", "claim": "c", "executed_at": CUT.isoformat()}
    store.fill("erasures_v1", [erasure("ann", CUT, **done)])
    store.fill("events_v1", [event("1", "ann", old)])
    await store.sweep()
    assert store.rows("user_key") == [("ann",)]
    store.fill("erasures_v1", [erasure("bob", CUT)])
    await store.sweep()
    assert store.rows("user_key") == [(None,)]


@pytest.mark.parametrize("treatment", ["anonymise", "delete"])
async def test_a_deletion_filed_after_the_execution_changes_nothing(
    store: Store, treatment: str
) -> None:
    """The executed erasure also applies to late events from before the deletion in the chat."""
    store.fill("erasures_v1", [erasure("ann", CUT, treatment=treatment)])
    early = event("1", "ann", CUT - 2 * DAY)
    store.fill("events_v1", [early])
    await store.sweep()
    before = store.rows("ingest_id, user_key")

    late = {"source": "stream", "erasure_id": "late", "due_at": NOW.isoformat()}
    store.fill("erasures_v1", [erasure("ann", CUT - DAY, **late)])
    copy = early | {"delivery_id": "again", "stored_at": NOW.isoformat()}
    store.fill_late([copy, event("2", "ann", CUT - 3 * DAY, stored_at=NOW.isoformat())])
    report = await store.sweep()

    assert report.rows["delete_superseded_erasures"] == 1
    assert report.executed == {}
    assert [row[0] for row in store.rows("erasure_id", "erasures_v1")] == ["erasure of ann"]
    found = store.rows("ingest_id, user_key")
    assert not store.rows("ingest_id", where="user_key = 'ann'")
    ids = {row[0] for row in found}
    if treatment == "delete":
        assert found == before == []
    else:
        assert len(found) == 3
        assert {row[0] for row in before} < ids, "the copy has the new id of its event"
        assert len(ids) == 2


def test_a_receipt_states_when_data_is_gone(store: Store) -> None:
    store.fill("erasures_v1", [erasure("ann", CUT)])
    asyncio.run(store.sweep())
    [begun, executed] = receipts(store, "erasure of ann")
    assert begun == {"step": "begun", "counts": {}}
    dates = {
        name: datetime.fromisoformat(at) for name, at in executed.items() if name.endswith("_at")
    }
    assert dates == {
        "live_data_gone_at": NOW,
        "time_travel_over_at": NOW + 2 * DAY,
        "fail_safe_over_at": NOW + 9 * DAY,
        "tombstone_goes_at": NOW + TOMBSTONE,
    }
    assert NOW - CUT <= 30 * DAY
    assert executed["exact"] is True
