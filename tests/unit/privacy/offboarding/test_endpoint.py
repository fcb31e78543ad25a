"""Offboardings through the function's HTTP face, and what any failure of any step leaves."""

import json
from collections import Counter
from typing import Any

import pytest

from functions.acceptance.ingest_id import derived
from functions.privacy.erasures.scope import Covered
from functions.privacy.periods import REMEMBERED, SECRET_SEEN, UNREADABLE
from functions.privacy.sweep.storage import StoredObjects, UnreadableObjects
from functions.retained import spill
from functions.retained.quarantine import Quarantined, decode
from functions.secrets.pseudonym_keys import user_key
from tests.unit.operate.stand_ins import message
from tests.unit.privacy.leaving import CLOSING, OFFICER, PARTNER, PUSH, SCHEDULER, Leaving
from tests.unit.privacy.stand_ins import (
    KEYS,
    NOW,
    attributes,
    body,
    quarantined,
    redaction,
    spilled,
)

HELD = "held"
PROJECT = {"project": "acme-prod"}


def acme(number: int, user: str = "ann") -> tuple[bytes, dict[str, str]]:
    return body(user, **PROJECT), attributes(number, **PROJECT)


def solo(number: int) -> tuple[bytes, dict[str, str]]:
    return body("sue"), attributes(number, partner="solo", project="only")


def filled() -> Leaving:
    """A cell with something of acme and of solo in each place."""
    leaving = Leaving()
    for partner in ("acme", "solo"):
        leaving.store.rows_of[partner] = {"events_v1": 5, "identities_v1": 2, "daily_v1": 1}
    put = leaving.bucket.put
    put("spill/both", spilled(acme(1), solo(2), acme(3)))
    put("spill/acme", spilled(acme(4)))
    put("spill/solo", spilled(solo(5)))
    for data, of in (acme(6), solo(7)):
        put(*quarantined(data, partner=of["partner"], attributes=of))
    put(*quarantined(b"no json", reason="not_json"))
    put(*quarantined(b"{", reason="bad_attributes", partner="unknown", attributes=PROJECT))
    put(*quarantined(b"[", reason="bad_attributes", partner="unknown", attributes={"kind": "x"}))
    put("exports/acme/acme-prod/1/index.json", b"{}")
    put("exports/acme/acme-prod/1/events.jsonl", b"{}")
    put("exports/acme/acme-prod/2/events.jsonl", b"{}")  # begun while its index was deleted
    put("exports/solo/only/3/index.json", b"{}")
    put("exports/solo/only/3/events.jsonl", b"{}")
    leaving.letters.put(message(1), message(2))
    leaving.letters.put_raw(*solo(8))
    return leaving


def check_others(leaving: Leaving) -> None:
    """All of solo is there as it was."""
    assert leaving.store.rows_of["solo"] == {"events_v1": 5, "identities_v1": 2, "daily_v1": 1}
    events = [
        event.attributes["ingest_id"]
        for name, (content, *_) in leaving.bucket.contents.items()
        if name.startswith("spill/")
        for event in spill.decode(content)
        if event.attributes["partner"] == "solo"
    ]
    assert sorted(events) == ["i2", "i5"]
    names = leaving.bucket.contents.keys()
    assert {"exports/solo/only/3/index.json", "exports/solo/only/3/events.jsonl"} <= names
    assert sum(name.startswith("quarantine/") and "/solo/" in name for name in names) == 1
    letters = [*leaving.letters.waiting, *leaving.letters.leased]
    assert [each.attributes["ingest_id"] for each in letters if each.data == solo(8)[0]] == ["i8"]


def check_gone(leaving: Leaving) -> None:
    """Nothing of acme is left anywhere."""
    assert not any(leaving.store.rows_of["acme"].values())
    text = b"".join(content for content, *_ in leaving.bucket.contents.values())
    assert b"acme" not in text
    assert not [name for name in leaving.bucket.contents if "/acme" in name]
    letters = [*leaving.letters.waiting, *leaving.letters.leased]
    assert not [each for each in letters if each.attributes["partner"] == "acme"]


FOUND = {
    "daily_v1": 1,
    "dead letters": 2,
    "events_v1": 5,
    "exports/": 3,
    "identities_v1": 2,
    "quarantine/": 3,
    "spill/": 3,
}


async def finish(leaving: Leaving) -> dict[str, Any]:
    """Ask until there is a certificate, as an operator does, and return it."""
    for _ in range(20):
        answer = await leaving.order()
        if answer.status_code == 202 and "confirm" in answer.json():
            answer = await leaving.order(answer.json()["confirm"])
        assert answer.status_code in {200, 202, 503}
        if answer.status_code == 200:
            certificate: dict[str, Any] = answer.json()["certificate"]
            return certificate
        leaving.now += CLOSING
    pytest.fail("there is no certificate")


async def test_the_first_request_only_counts() -> None:
    leaving = filled()
    answer = await leaving.order()
    plan = answer.json()
    assert (answer.status_code, plan["state"]) == (202, "open")
    assert (plan["projects"], plan["would_delete"]) == (["acme-prod", "acme-us"], FOUND)
    assert plan["kept_by_legal_holds"] == {}
    assert plan["confirm_until"] == "2026-11-22T12:15:00+00:00"
    assert (leaving.closed(), leaving.store.receipts) == (set(), {})
    assert len(leaving.letters.waiting) == 3
    check_others(leaving)


async def test_the_code_closes_and_deletes_and_the_certificate_comes_when_it_is_true() -> None:
    leaving = filled()
    answer = await leaving.order(await leaving.code())
    said = answer.json()
    assert (answer.status_code, said["state"], said["certificate"]) == (202, "deleting", None)
    assert answer.headers["retry-after"]
    assert (leaving.closed(), said["left"]) == ({"acme"}, {})
    check_gone(leaving)
    check_others(leaving)

    leaving.now += CLOSING
    done = (await leaving.order()).json()
    assert done["state"] == "deleted"
    certificate = done["certificate"]
    assert certificate["found"] == certificate["deleted"] == FOUND
    assert certificate["kept_by_legal_holds"] == {}
    until = {each["what"]: each["until"] for each in certificate["remains"]}
    assert until["deleted rows, readable by time travel"] == "2026-11-24T12:12:00+00:00"
    assert "2026-12-01T12:12:00+00:00" in until.values()
    assert "2026-11-29T12:00:00+00:00" in until.values()
    assert certificate["to_do"]
    assert done["ordered_by"] == OFFICER
    assert OFFICER not in json.dumps(certificate)
    assert (await leaving.order()).json() == done
    shown = await leaving.ask("GET", "/offboardings/acme")
    listed = await leaving.ask("GET", "/offboardings")
    assert shown.json() == done
    assert listed.json() == {"offboardings": [done]}


@pytest.mark.parametrize("email", [PARTNER, SCHEDULER, PUSH, "nobody@else.example"])
async def test_offboardings_are_the_matter_of_operators(email: str) -> None:
    leaving = filled()
    code = await leaving.code()
    answers = [
        await leaving.order(email=email),
        await leaving.order(code, email=email),
        await leaving.ask("GET", "/offboardings", email),
        await leaving.ask("GET", "/offboardings/acme", email),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert leaving.closed() == set()
    assert leaving.store.rows_of["acme"]["events_v1"] == 5


@pytest.mark.parametrize("content", ["{}", '{"partner": "A"}', '{"partner": ""}', '{"x": 1}', "["])
async def test_what_is_no_request_is_400(content: str) -> None:
    leaving = filled()
    answer = await leaving.ask("POST", "/offboardings")
    assert answer.status_code == 400
    answer = await leaving._http.post(
        "/offboardings", content=content, headers=dict(answer.request.headers)
    )
    assert answer.status_code == 400


async def test_who_does_not_exist_is_404_and_says_so_to_programs() -> None:
    leaving = Leaving()
    leaving.projects = {}
    answer = await leaving.order()
    assert (answer.status_code, answer.json()["state"]) == (404, "nothing")
    assert (await leaving.ask("GET", "/offboardings/acme")).status_code == 404


async def test_who_has_no_tokens_any_more_leaves_all_the_same() -> None:
    leaving = filled()
    leaving.projects = {}
    assert (await finish(leaving))["projects"] == []


async def test_exports_of_a_project_that_moved_to_another_cell_go_too() -> None:
    leaving = filled()
    leaving.projects = {"acme-prod": "us"}
    certificate = await finish(leaving)
    assert certificate["projects"] == ["acme-prod"]
    check_gone(leaving)
    check_others(leaving)


async def test_a_code_that_is_not_valid_changes_nothing() -> None:
    leaving = filled()
    code = await leaving.code()
    leaving.now += 2 * CLOSING
    for wrong in (code, "1-0123456789abcdef", "x"):
        assert (await leaving.order(wrong)).status_code == 409
    assert leaving.closed() == set()


async def test_without_the_partners_secret_nothing_is_begun() -> None:
    leaving = filled()
    code = await leaving.code()
    leaving.projects = None
    assert [(await leaving.order(each)).status_code for each in ("", code)] == [503, 503]
    assert leaving.closed() == set()


async def test_whatever_step_fails_the_next_requests_finish() -> None:
    """A failure at each step in turn, before it has an effect and after."""
    whole = filled()
    await finish(whole)
    assert len(whole.steps) > 50
    for step in range(1, len(whole.steps) + 1):
        leaving = filled()
        leaving.fails_at = step
        certificate = await finish(leaving)
        check_gone(leaving)
        check_others(leaving)
        assert leaving.closed() == {"acme"}
        assert certificate["kept_by_legal_holds"] == {}
        assert certificate["found"].items() <= FOUND.items(), leaving.steps[step - 1]
        for place, deleted in certificate["deleted"].items():
            assert deleted <= FOUND[place], (place, leaving.steps[step - 1])


async def test_whenever_the_time_is_over_the_sweep_goes_on() -> None:
    for steps in range(0, 40, 3):
        leaving = filled()
        code = await leaving.code()
        leaving.over_after = steps
        answer = await leaving.order(code)
        assert (answer.status_code, leaving.closed()) == (202, {"acme"})
        leaving.now += CLOSING
        leaving.over_after = 1_000
        swept = await leaving.ask("POST", "/sweep", SCHEDULER)
        assert (swept.status_code, swept.json()["offboardings"]) == (200, {"acme": "deleted"})
        check_gone(leaving)
        check_others(leaving)


async def test_what_cannot_be_counted_in_time_is_not_counted_and_leaves_all_the_same() -> None:
    leaving = filled()
    leaving.over_after = 3
    plan = (await leaving.order()).json()
    assert (plan["counted_all"], plan["would_delete"]["events_v1"]) == (False, 5)
    assert "dead letters" not in plan["would_delete"]
    answer = await leaving.order(plan["confirm"])
    assert (answer.status_code, leaving.closed()) == (202, {"acme"})
    leaving.over_after = 1_000
    leaving.now += CLOSING
    certificate = (await leaving.order()).json()["certificate"]
    assert certificate["counted_all"] is False
    check_gone(leaving)
    check_others(leaving)


async def test_a_sweep_says_what_did_not_answer_and_what_is_left() -> None:
    leaving = filled()
    await leaving.order(await leaving.code())
    leaving.over_after = 0
    assert (await leaving.ask("POST", "/sweep", SCHEDULER)).status_code == 202
    leaving.steps.clear()
    leaving.fails_at = 1
    answer = await leaving.ask("POST", "/sweep", SCHEDULER)
    assert (answer.status_code, answer.json()["unavailable"]) == (503, "ListUnavailable")


async def test_a_sweep_runs_nothing_where_nobody_left() -> None:
    leaving = filled()
    answer = await leaving.ask("POST", "/sweep", SCHEDULER)
    assert (answer.json()["offboardings"], leaving.steps) == ({}, ["read the list", "find"])


async def test_what_comes_late_is_deleted_by_the_sweep_for_as_long_as_it_may_come() -> None:
    leaving = filled()
    await finish(leaving)
    leaving.letters.put(message(9))
    leaving.bucket.put("spill/late", spilled(acme(9)))
    await leaving.ask("POST", "/sweep", SCHEDULER)
    check_gone(leaving)
    leaving.now += REMEMBERED
    leaving.steps.clear()
    await leaving.ask("POST", "/sweep", SCHEDULER)
    assert leaving.steps == ["read the list", "find_offboardings", "find"]


async def test_for_a_day_tables_are_looked_at_all_the_same() -> None:
    """An instance to which the closed list was told late may have stored something."""
    leaving = filled()
    await finish(leaving)
    leaving.store.rows_of["acme"] = {"events_v1": 3}
    swept = await leaving.ask("POST", "/sweep", SCHEDULER)
    assert (swept.json()["offboardings"], swept.status_code) == ({"acme": "deleted"}, 200)
    check_gone(leaving)
    done = (await leaving.order()).json()
    assert done["deleted"]["events_v1"] == FOUND["events_v1"] + 3
    ends = (NOW + SECRET_SEEN).isoformat()
    assert [each["where"] for each in done["certificate"]["remains"] if each["until"] == ends] == [
        "BigQuery"
    ]

    leaving.now = NOW + SECRET_SEEN
    leaving.steps.clear()
    await leaving.ask("POST", "/sweep", SCHEDULER)
    assert "pull" in leaving.steps
    assert "survey_partner" not in leaving.steps


def hold(leaving: Leaving) -> None:
    key = user_key(KEYS.current, "acme-prod", HELD)
    leaving.store.people = [("acme", "acme-prod", key)]
    leaving.store.rows_of["acme"]["holds_v1"] = 1
    leaving.store.held["acme"] = {"events_v1": 2, "holds_v1": 1}


async def test_a_legal_hold_binds_tables_objects_and_dead_letters() -> None:
    leaving = filled()
    hold(leaving)
    leaving.bucket.put("spill/held", spilled(acme(10, HELD), acme(11)))
    leaving.letters.put_raw(*acme(12, HELD))
    refused = body(HELD, "named", project="else")
    leaving.bucket.put(
        *quarantined(refused, reason="project_unknown", sender_id="request", positions=[7])
    )
    nowhere = body(HELD, "other", project="")
    leaving.bucket.put(*quarantined(nowhere, reason="project_missing"))
    room = body("x", "room_updated", speakers=[HELD], **PROJECT)
    of_room = attributes(13, kind="room", event="room_updated", **PROJECT)
    leaving.bucket.put(*quarantined(room, reason="row_refused", attributes=of_room))
    await leaving.order(await leaving.code())
    leaving.now += CLOSING
    answer = await leaving.order()
    said = answer.json()
    assert (answer.status_code, said["state"]) == (202, "held")
    kept = {"events_v1": 2, "holds_v1": 1, "held/": 5}
    assert said["certificate"]["kept_by_legal_holds"] == kept
    assert said["certificate"]["to_do"][0].startswith("Leave the partner in `partners`")
    assert not [name for name in leaving.bucket.contents if name.startswith("quarantine/row")]
    held = held_records(leaving)
    by_id = {(record.attributes or {})["ingest_id"]: body for record, body in held}
    assert {"i10", "i12", "i13"} <= by_id.keys()
    replayed = derived("acme", "chat", "request", 7)
    assert b'"named"' in by_id[replayed]
    assert {record.reason for record, _ in held} == {"legal_hold"}
    check_others(leaving)

    for _ in range(3):
        await leaving.ask("POST", "/sweep", SCHEDULER)
    assert len(held_records(leaving)) == 5, "however often it is swept"

    leaving.store.people, leaving.store.held["acme"] = [], {}
    swept = await leaving.ask("POST", "/sweep", SCHEDULER)
    assert swept.json()["offboardings"] == {"acme": "deleted"}
    check_gone(leaving)
    done = (await leaving.order()).json()
    assert done["deleted"]["held/"] == 5
    assert done["certificate"]["kept_by_legal_holds"] == {}
    assert done["certificate"]["to_do"][0].startswith("Take the partner out")


def held_records(leaving: Leaving) -> list[tuple[Quarantined, bytes]]:
    """What a legal hold keeps of acme in the bucket."""
    return [
        decode(content)
        for name, (content, *_) in leaving.bucket.contents.items()
        if name.startswith("held/acme/")
    ]


async def test_whatever_step_fails_nothing_that_a_hold_names_is_lost() -> None:
    def prepared() -> Leaving:
        leaving = filled()
        hold(leaving)
        leaving.bucket.put("spill/held", spilled(acme(10, HELD), solo(2), acme(11)))
        leaving.letters.put_raw(*acme(12, HELD))
        of = attributes(13, **PROJECT)
        leaving.bucket.put(*quarantined(body(HELD, **PROJECT), reason="big", attributes=of))
        return leaving

    async def finish_held(leaving: Leaving) -> None:
        confirm = ""
        for _ in range(20):
            said = (await leaving.order(confirm)).json()
            if said.get("state") == "held":
                return
            confirm = said.get("confirm", "")
            leaving.now += 0 * CLOSING if confirm else CLOSING
        pytest.fail("there is no certificate")

    whole = prepared()
    await finish_held(whole)
    for step in range(1, len(whole.steps) + 1):
        leaving = prepared()
        leaving.fails_at = step
        await finish_held(leaving)
        ids = {(record.attributes or {})["ingest_id"] for record, _ in held_records(leaving)}
        assert ids == {"i10", "i12", "i13"}, leaving.steps[step - 1]


async def test_what_a_later_hold_kept_of_a_partner_who_is_gone_goes_with_it() -> None:
    """Long after the last look at the partner, and where it is closed no more: it came back."""
    leaving = filled()
    await finish(leaving)
    key = user_key(KEYS.current, "acme-prod", HELD)
    leaving.store.people = [("acme", "acme-prod", key)]
    leaving.letters.put_raw(*acme(9, HELD))
    leaving.letters.put_raw(*acme(10))
    await leaving.ask("POST", "/sweep", SCHEDULER)
    assert len(held_records(leaving)) == 1
    for versions in (leaving.secret.versions, [b'{"partners": {}}']):
        leaving.secret.versions = versions
        leaving.now += REMEMBERED
        await leaving.ask("POST", "/sweep", SCHEDULER)
        assert len(held_records(leaving)) == 1

    leaving.store.people = []
    leaving.store.rows_of["acme"] = {"events_v1": 7}
    before = set(leaving.store.receipts)
    await leaving.ask("POST", "/sweep", SCHEDULER)
    assert held_records(leaving) == []
    assert leaving.store.rows_of["acme"] == {"events_v1": 7}, "its new events are its own"
    [fresh] = set(leaving.store.receipts) - before
    receipt = leaving.store.receipts[fresh]
    assert (receipt["operation"], receipt["reference"]) == ("release", "acme")
    assert receipt["detail"] == {"deleted": {"held/": 1}}


async def test_what_a_hold_kept_just_now_is_not_for_a_run_that_began_before_it() -> None:
    """Two runs meet: one has read the holds before this one was filed."""
    leaving = filled()
    await leaving.order(await leaving.code())

    def other_run(action: str) -> None:
        leaving._step(action)
        if action == "pull" and not held_records(leaving):
            leaving.bucket.put(
                *quarantined(body(HELD, **PROJECT), reason="legal_hold", attributes=acme(9)[1]),
                written_at=leaving.now,
            )

    leaving.letters._step = other_run
    leaving.now += CLOSING
    said = (await leaving.order()).json()
    assert (said["state"], said["left"]) == ("deleting", {"held/": 1})
    leaving.letters._step = leaving._step
    leaving.now += CLOSING
    assert (await leaving.order()).json()["state"] == "deleted"
    check_gone(leaving)


async def test_of_a_body_that_was_refused_only_what_names_the_held_person_stays() -> None:
    leaving = filled()
    hold(leaving)
    several = b"[" + body("ann", **PROJECT) + b"," + body(HELD, **PROJECT) + b"]"
    leaving.bucket.put(*quarantined(several, reason="too_many_events"))
    plan = (await leaving.order()).json()
    assert plan["kept_by_legal_holds"]["quarantine/"] == 1
    await leaving.order(plan["confirm"])
    [(record, kept)] = held_records(leaving)
    assert kept == body(HELD, **PROJECT)
    assert (record.attributes or {})["project"] == "acme-prod"


async def test_an_object_that_is_written_meanwhile_counts_when_it_is_gone() -> None:
    """A replay or a sweep may be faster than the rewriting; what is there is the next look's."""
    leaving = filled()
    names = iter(["spill/both"])

    def meanwhile(action: str) -> None:
        leaving._step(action)
        if action == "write" and (name := next(names, None)):
            leaving.bucket.put(name, spilled(acme(1), solo(2), acme(3)))

    leaving.bucket.then = meanwhile
    await leaving.order(await leaving.code())
    leaving.now += CLOSING
    done = (await leaving.order()).json()
    assert (done["state"], done["deleted"]["spill/"]) == ("deleted", FOUND["spill/"])
    check_gone(leaving)
    check_others(leaving)


@pytest.mark.parametrize(("with_code", "ordered_by"), [(False, ""), (True, OFFICER)])
async def test_who_asks_how_far_it_is_has_not_ordered_it(
    ordered_by: str, *, with_code: bool
) -> None:
    """The function died after the closing, before it was noted who asked for it."""
    leaving = filled()
    code = await leaving.code()
    leaving.secret.versions.append(
        b'{"partners": {"acme": {"projects": [], "closed_at": "2026-11-22T12:00:00Z"}}}'
    )
    said = (await leaving.order(code if with_code else "")).json()
    assert (said["state"], said["ordered_by"]) == ("deleting", ordered_by)


async def test_an_object_of_the_spill_that_nobody_can_read_waits_for_the_sweep() -> None:
    leaving = filled()
    leaving.bucket.put("spill/torn", b'{"data": ')
    await leaving.order(await leaving.code())
    leaving.now += CLOSING
    said = (await leaving.order()).json()
    assert (said["state"], said["unreadable"]) == ("deleting", {"spill/": 1})
    stored = StoredObjects(leaving.bucket, lambda covered: redaction(*covered))
    await UnreadableObjects(leaving.bucket, stored, lambda: leaving.now).rewrite(
        Covered([]), Counter(), lambda: False
    )
    said = (await leaving.order()).json()
    assert said["state"] == "deleted"
    [left] = [each for each in said["certificate"]["remains"] if each["where"] == "quarantine"]
    assert left["until"] == (leaving.now + UNREADABLE).isoformat(), "it is there, and goes"
    assert any(name.startswith("quarantine/malformed/") for name in leaving.bucket.contents)


async def test_with_a_full_list_nothing_is_shown_closed_or_deleted() -> None:
    """The first step says so already: cells where there is room would begin to delete."""
    leaving = filled()
    code = (await leaving.order()).json()["confirm"]
    projects = ["p" * 100] * 10
    partners = {
        f"gone-{n}": {"projects": projects, "closed_at": NOW.isoformat()} for n in range(60)
    }
    leaving.secret.versions.append(json.dumps({"partners": partners}).encode())
    versions, objects = len(leaving.secret.versions), dict(leaving.bucket.contents)
    for answer in (await leaving.order(), await leaving.order(code)):
        assert answer.status_code == 409
        assert "is full" in answer.json()["title"]
    assert len(leaving.secret.versions) == versions
    assert leaving.bucket.contents == objects
    assert leaving.store.rows_of["acme"] == {"events_v1": 5, "identities_v1": 2, "daily_v1": 1}
    assert not leaving.store.receipts


async def test_exports_of_who_took_over_a_project_s_name_stay() -> None:
    """The partner is in an export's name, so the former owner's go and the new owner's do not."""
    leaving = filled()
    kept = "exports/solo/acme-prod/4/index.json"
    leaving.bucket.put(kept, b"{}")
    found = (await finish(leaving))["found"]
    assert found["exports/"] == FOUND["exports/"]
    assert [name for name in leaving.bucket.contents if "acme" in name] == [kept]
