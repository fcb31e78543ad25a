"""Offboardings through the HTTP interface, also with a failure at any step."""

import json
from collections import Counter
from typing import Any

import pytest

from functions.google.storage import Stored
from functions.privacy.erasures.scope import Scopes
from functions.privacy.periods import REMEMBERED, SECRET_SEEN, UNREADABLE
from functions.privacy.sweep.storage import ObjectRewriter, UnreadableObjects
from functions.retained import spill
from functions.retained.quarantine import Quarantined, decode
from functions.secrets.pseudonym_keys import user_key
from tests.fakes.hook import ignore
from tests.unit.operate.stand_ins import message
from tests.unit.privacy.offboarding_cell import (
    CLOSING,
    OFFICER,
    PARTNER,
    PUSH,
    SCHEDULER,
    OffboardingCell,
)
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


def filled() -> OffboardingCell:
    """Return a cell with data of acme and of solo in each place."""
    offboarding = OffboardingCell()
    for partner in ("acme", "solo"):
        offboarding.store.rows_of[partner] = {"events_v1": 5, "identities_v1": 2, "daily_v1": 1}
    put = offboarding.bucket.put
    put("spill/both", spilled(acme(1), solo(2), acme(3)))
    put("spill/acme", spilled(acme(4)))
    put("spill/solo", spilled(solo(5)))
    for data, fields in (acme(6), solo(7)):
        put(*quarantined(data, partner=fields["partner"], attributes=fields))
    put(*quarantined(b"no json", reason="not_json"))
    put(*quarantined(b"{", reason="bad_attributes", partner="unknown", attributes=PROJECT))
    put(*quarantined(b"[", reason="bad_attributes", partner="unknown", attributes={"kind": "x"}))
    put("exports/acme/acme-prod/1/index.json", b"{}")
    put("exports/acme/acme-prod/1/events.jsonl", b"{}")
    put("exports/acme/acme-prod/2/events.jsonl", b"{}")  # written after its index was deleted
    put("exports/solo/only/3/index.json", b"{}")
    put("exports/solo/only/3/events.jsonl", b"{}")
    offboarding.letters.put(message(1), message(2))
    offboarding.letters.put_raw(*solo(8))
    return offboarding


def check_others(offboarding: OffboardingCell) -> None:
    """Assert that all data of solo is unchanged."""
    assert offboarding.store.rows_of["solo"] == {"events_v1": 5, "identities_v1": 2, "daily_v1": 1}
    events = [
        event.attributes["ingest_id"]
        for name, (content, *_) in offboarding.bucket.contents.items()
        if name.startswith("spill/")
        for event in spill.decode(content)
        if event.attributes["partner"] == "solo"
    ]
    assert sorted(events) == ["i2", "i5"]
    names = offboarding.bucket.contents.keys()
    assert {"exports/solo/only/3/index.json", "exports/solo/only/3/events.jsonl"} <= names
    assert sum(name.startswith("quarantine/") and "/solo/" in name for name in names) == 1
    letters = offboarding.letters.all()
    ids = [letter.attributes["ingest_id"] for letter in letters if letter.data == solo(8)[0]]
    assert ids == ["i8"]


def check_gone(offboarding: OffboardingCell) -> None:
    """Assert that no data of acme is left in any place."""
    assert not any(offboarding.store.rows_of["acme"].values())
    text = b"".join(content for content, *_ in offboarding.bucket.contents.values())
    assert b"acme" not in text
    assert not [name for name in offboarding.bucket.contents if "/acme" in name]
    letters = offboarding.letters.all()
    assert not [letter for letter in letters if letter.attributes["partner"] == "acme"]


FOUND = {
    "daily_v1": 1,
    "dead letters": 2,
    "events_v1": 5,
    "exports/": 3,
    "identities_v1": 2,
    "quarantine/": 3,
    "spill/": 3,
}


async def finish(offboarding: OffboardingCell) -> dict[str, Any]:
    """Repeat the request until there is a certificate, as an operator does; return it."""
    for _ in range(20):
        answer = await offboarding.order()
        if answer.status_code == 202 and "confirm" in answer.json():
            answer = await offboarding.order(answer.json()["confirm"])
        assert answer.status_code in {200, 202, 503}
        if answer.status_code == 200:
            certificate: dict[str, Any] = answer.json()["certificate"]
            return certificate
        offboarding.now += CLOSING
        offboarding.letters.expire_leases()
    pytest.fail("the offboarding did not end with a certificate")


async def test_the_first_request_only_counts() -> None:
    offboarding = filled()
    answer = await offboarding.order()
    plan = answer.json()
    assert (answer.status_code, plan["state"]) == (202, "open")
    assert (plan["projects"], plan["would_delete"]) == (["acme-prod", "acme-us"], FOUND)
    assert plan["on_hold"] == {}
    assert plan["confirm_until"] == "2026-11-22T12:15:00+00:00"
    assert (offboarding.closed(), offboarding.store.receipts) == (set(), {})
    assert len(offboarding.letters.waiting) == 3
    check_others(offboarding)


async def test_the_code_closes_and_deletes_and_the_certificate_comes_when_it_is_true() -> None:
    offboarding = filled()
    answer = await offboarding.order(await offboarding.code())
    report = answer.json()
    assert (answer.status_code, report["state"], report["certificate"]) == (202, "deleting", None)
    assert answer.headers["retry-after"]
    assert (offboarding.closed(), report["remaining"]) == ({"acme"}, {})
    check_gone(offboarding)
    check_others(offboarding)

    offboarding.now += CLOSING
    done = (await offboarding.order()).json()
    assert done["state"] == "deleted"
    certificate = done["certificate"]
    assert certificate["total"] == certificate["deleted"] == FOUND
    assert certificate["on_hold"] == {}
    until = {item["what"]: item["until"] for item in certificate["remains"]}
    assert until["deleted rows, readable by time travel"] == "2026-11-24T12:12:00+00:00"
    assert "2026-12-01T12:12:00+00:00" in until.values()
    assert "2026-11-29T12:00:00+00:00" in until.values()
    assert certificate["to_do"]
    assert done["ordered_by"] == OFFICER
    assert OFFICER not in json.dumps(certificate)
    assert (await offboarding.order()).json() == done
    shown = await offboarding.ask("GET", "/offboardings/acme")
    listed = await offboarding.ask("GET", "/offboardings")
    assert shown.json() == done
    assert listed.json() == {"offboardings": [done]}


@pytest.mark.parametrize("email", [PARTNER, SCHEDULER, PUSH, "nobody@else.example"])
async def test_only_operators_may_offboard(email: str) -> None:
    offboarding = filled()
    code = await offboarding.code()
    answers = [
        await offboarding.order(email=email),
        await offboarding.order(code, email=email),
        await offboarding.ask("GET", "/offboardings", email),
        await offboarding.ask("GET", "/offboardings/acme", email),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert offboarding.closed() == set()
    assert offboarding.store.rows_of["acme"]["events_v1"] == 5


@pytest.mark.parametrize("content", ["{}", '{"partner": "A"}', '{"partner": ""}', '{"x": 1}', "["])
async def test_a_malformed_request_is_400(content: str) -> None:
    offboarding = filled()
    answer = await offboarding.ask("POST", "/offboardings")
    assert answer.status_code == 400
    answer = await offboarding._http.post(
        "/offboardings", content=content, headers=dict(answer.request.headers)
    )
    assert answer.status_code == 400


async def test_an_unknown_partner_is_404_and_programs_can_tell() -> None:
    offboarding = OffboardingCell()
    offboarding.partners.projects = {}
    answer = await offboarding.order()
    assert (answer.status_code, answer.json()["state"]) == (404, "nothing")
    assert (await offboarding.ask("GET", "/offboardings/acme")).status_code == 404


async def test_a_partner_without_tokens_can_be_offboarded() -> None:
    offboarding = filled()
    offboarding.partners.projects = {}
    assert (await finish(offboarding))["projects"] == []


async def test_exports_of_a_project_that_moved_to_another_cell_go_too() -> None:
    offboarding = filled()
    offboarding.partners.projects = {"acme-prod": "us"}
    certificate = await finish(offboarding)
    assert certificate["projects"] == ["acme-prod"]
    check_gone(offboarding)
    check_others(offboarding)


async def test_a_code_that_is_not_valid_changes_nothing() -> None:
    offboarding = filled()
    code = await offboarding.code()
    offboarding.now += 2 * CLOSING
    for wrong in (code, "1-0123456789abcdef", "x"):
        assert (await offboarding.order(wrong)).status_code == 409
    assert offboarding.closed() == set()


async def test_without_the_partners_secret_nothing_is_begun() -> None:
    offboarding = filled()
    code = await offboarding.code()
    offboarding.partners.projects = None
    assert [(await offboarding.order(confirm)).status_code for confirm in ("", code)] == [503, 503]
    assert offboarding.closed() == set()


async def test_whatever_step_fails_the_next_requests_finish() -> None:
    """In turn, each step fails, either before or after its effect."""
    whole = filled()
    await finish(whole)
    assert len(whole.steps) > 50
    for step in range(1, len(whole.steps) + 1):
        offboarding = filled()
        offboarding.fails_at = step
        certificate = await finish(offboarding)
        check_gone(offboarding)
        check_others(offboarding)
        assert offboarding.closed() == {"acme"}
        assert certificate["on_hold"] == {}
        assert certificate["total"].items() <= FOUND.items(), offboarding.steps[step - 1]
        for place, deleted in certificate["deleted"].items():
            assert deleted <= FOUND[place], (place, offboarding.steps[step - 1])


async def test_whenever_the_time_is_over_the_sweep_goes_on() -> None:
    for steps in range(0, 40, 3):
        offboarding = filled()
        code = await offboarding.code()
        offboarding.over_after = steps
        answer = await offboarding.order(code)
        assert (answer.status_code, offboarding.closed()) == (202, {"acme"})
        offboarding.now += CLOSING
        offboarding.over_after = 1_000
        swept = await offboarding.ask("POST", "/sweep", SCHEDULER)
        assert (swept.status_code, swept.json()["offboardings"]) == (200, {"acme": "deleted"})
        check_gone(offboarding)
        check_others(offboarding)


async def test_places_that_cannot_be_counted_in_time_are_deleted_uncounted() -> None:
    offboarding = filled()
    offboarding.over_after = 3
    plan = (await offboarding.order()).json()
    assert (plan["counted_all"], plan["would_delete"]["events_v1"]) == (False, 5)
    assert "dead letters" not in plan["would_delete"]
    answer = await offboarding.order(plan["confirm"])
    assert (answer.status_code, offboarding.closed()) == (202, {"acme"})
    offboarding.over_after = 1_000
    offboarding.now += CLOSING
    certificate = (await offboarding.order()).json()["certificate"]
    assert certificate["counted_all"] is False
    check_gone(offboarding)
    check_others(offboarding)


async def test_a_sweep_reports_what_failed_and_what_is_left() -> None:
    offboarding = filled()
    await offboarding.order(await offboarding.code())
    offboarding.over_after = 0
    assert (await offboarding.ask("POST", "/sweep", SCHEDULER)).status_code == 202
    offboarding.steps.clear()
    offboarding.fails_at = 1
    answer = await offboarding.ask("POST", "/sweep", SCHEDULER)
    assert (answer.status_code, answer.json()["unavailable"]) == (503, "ListUnavailable")


async def test_a_sweep_runs_no_statement_if_no_partner_is_closed() -> None:
    offboarding = filled()
    answer = await offboarding.ask("POST", "/sweep", SCHEDULER)
    assert (answer.json()["offboardings"], offboarding.steps) == ({}, ["newest", "find"])


async def test_sweeps_delete_late_events_as_long_as_any_may_come() -> None:
    offboarding = filled()
    await finish(offboarding)
    offboarding.letters.put(message(9))
    offboarding.bucket.put("spill/late", spilled(acme(9)))
    await offboarding.ask("POST", "/sweep", SCHEDULER)
    check_gone(offboarding)
    offboarding.now += REMEMBERED
    offboarding.steps.clear()
    await offboarding.ask("POST", "/sweep", SCHEDULER)
    assert offboarding.steps == ["newest", "find_offboardings", "find"]


async def test_sweeps_look_at_the_tables_for_a_day_after_the_certificate() -> None:
    """An instance that read the closed list late may have stored events."""
    offboarding = filled()
    await finish(offboarding)
    offboarding.store.rows_of["acme"] = {"events_v1": 3}
    swept = await offboarding.ask("POST", "/sweep", SCHEDULER)
    assert (swept.json()["offboardings"], swept.status_code) == ({"acme": "deleted"}, 200)
    check_gone(offboarding)
    done = (await offboarding.order()).json()
    assert done["deleted"]["events_v1"] == FOUND["events_v1"] + 3
    ends = (NOW + SECRET_SEEN).isoformat()
    assert [item["where"] for item in done["certificate"]["remains"] if item["until"] == ends] == [
        "BigQuery"
    ]

    offboarding.now = NOW + SECRET_SEEN
    offboarding.steps.clear()
    await offboarding.ask("POST", "/sweep", SCHEDULER)
    assert "pull" in offboarding.steps
    assert "count_partner_rows" not in offboarding.steps


def hold(offboarding: OffboardingCell) -> None:
    key = user_key(KEYS.current, "acme-prod", HELD)
    offboarding.store.people = [("acme", "acme-prod", key)]
    offboarding.store.rows_of["acme"]["holds_v1"] = 1
    offboarding.store.held["acme"] = {"events_v1": 2, "holds_v1": 1}


async def test_a_legal_hold_binds_tables_objects_and_dead_letters() -> None:
    offboarding = filled()
    hold(offboarding)
    offboarding.bucket.put("spill/held", spilled(acme(10, HELD), acme(11)))
    offboarding.letters.put_raw(*acme(12, HELD))
    refused = body(HELD, "named", project="else")
    offboarding.bucket.put(*quarantined(refused, reason="project_unknown", ingest_ids={7: "i14"}))
    nowhere = body(HELD, "other", project="")
    offboarding.bucket.put(*quarantined(nowhere, reason="project_missing"))
    room = body("x", "room_updated", speakers=[HELD], **PROJECT)
    of_room = attributes(13, kind="room", event="room_updated", **PROJECT)
    offboarding.bucket.put(*quarantined(room, reason="row_refused", attributes=of_room))
    await offboarding.order(await offboarding.code())
    offboarding.now += CLOSING
    answer = await offboarding.order()
    report = answer.json()
    assert (answer.status_code, report["state"]) == (202, "on_hold")
    kept = {"events_v1": 2, "holds_v1": 1, "on_hold/": 5}
    assert report["certificate"]["on_hold"] == kept
    assert report["certificate"]["to_do"][0].startswith("Leave the partner in `partners`")
    assert not [name for name in offboarding.bucket.contents if name.startswith("quarantine/row")]
    held = held_records(offboarding)
    by_id = {(record.attributes or {})["ingest_id"]: body for record, body in held}
    assert {"i10", "i12", "i13", "i14"} <= by_id.keys()
    assert b'"named"' in by_id["i14"]
    assert {record.reason for record, _ in held} == {"legal_hold"}
    check_others(offboarding)

    for _ in range(3):
        await offboarding.ask("POST", "/sweep", SCHEDULER)
    assert len(held_records(offboarding)) == 5, "further sweeps change nothing"

    offboarding.store.people, offboarding.store.held["acme"] = [], {}
    swept = await offboarding.ask("POST", "/sweep", SCHEDULER)
    assert swept.json()["offboardings"] == {"acme": "deleted"}
    check_gone(offboarding)
    done = (await offboarding.order()).json()
    assert done["deleted"]["on_hold/"] == 5
    assert done["certificate"]["on_hold"] == {}
    assert done["certificate"]["to_do"][0].startswith("Take the partner out")


def held_records(offboarding: OffboardingCell) -> list[tuple[Quarantined, bytes]]:
    """Return the events of acme that a legal hold keeps in the bucket."""
    return [
        decode(content)
        for name, (content, *_) in offboarding.bucket.contents.items()
        if name.startswith("on_hold/acme/")
    ]


async def test_whatever_step_fails_no_data_under_a_hold_is_lost() -> None:
    def prepared() -> OffboardingCell:
        offboarding = filled()
        hold(offboarding)
        offboarding.bucket.put("spill/held", spilled(acme(10, HELD), solo(2), acme(11)))
        offboarding.letters.put_raw(*acme(12, HELD))
        fields = attributes(13, **PROJECT)
        offboarding.bucket.put(*quarantined(body(HELD, **PROJECT), reason="big", attributes=fields))
        return offboarding

    async def finish_held(offboarding: OffboardingCell) -> None:
        confirm = ""
        for _ in range(20):
            report = (await offboarding.order(confirm)).json()
            if report.get("state") == "on_hold":
                return
            confirm = report.get("confirm", "")
            if not confirm:
                offboarding.now += CLOSING
                offboarding.letters.expire_leases()
        pytest.fail("there is no certificate")

    whole = prepared()
    await finish_held(whole)
    for step in range(1, len(whole.steps) + 1):
        offboarding = prepared()
        offboarding.fails_at = step
        await finish_held(offboarding)
        ids = {(record.attributes or {})["ingest_id"] for record, _ in held_records(offboarding)}
        assert ids == {"i10", "i12", "i13"}, offboarding.steps[step - 1]


async def test_events_kept_by_a_later_hold_are_deleted_when_the_hold_ends() -> None:
    """The hold ends long after the last look at the partner, who has come back since."""
    offboarding = filled()
    await finish(offboarding)
    key = user_key(KEYS.current, "acme-prod", HELD)
    offboarding.store.people = [("acme", "acme-prod", key)]
    offboarding.letters.put_raw(*acme(9, HELD))
    offboarding.letters.put_raw(*acme(10))
    await offboarding.ask("POST", "/sweep", SCHEDULER)
    assert len(held_records(offboarding)) == 1
    for versions in (offboarding.secret.versions, [b'{"partners": {}}']):
        offboarding.secret.versions = versions
        offboarding.now += REMEMBERED
        await offboarding.ask("POST", "/sweep", SCHEDULER)
        assert len(held_records(offboarding)) == 1

    offboarding.store.people = []
    offboarding.store.rows_of["acme"] = {"events_v1": 7}
    before = set(offboarding.store.receipts)
    await offboarding.ask("POST", "/sweep", SCHEDULER)
    assert held_records(offboarding) == []
    assert offboarding.store.rows_of["acme"] == {"events_v1": 7}, "new events must stay"
    [fresh] = set(offboarding.store.receipts) - before
    receipt = offboarding.store.receipts[fresh]
    assert (receipt["operation"], receipt["reference"]) == ("release", "acme")
    assert receipt["detail"] == {"deleted": {"on_hold/": 1}}


async def test_a_run_does_not_delete_events_under_a_hold_that_was_filed_after_it_began() -> None:
    """Two runs overlap, and one of them has read the holds before this hold was filed."""
    offboarding = filled()
    await offboarding.order(await offboarding.code())

    def other_run(action: str) -> None:
        if action == "pull" and not held_records(offboarding):
            offboarding.bucket.put(
                *quarantined(body(HELD, **PROJECT), reason="legal_hold", attributes=acme(9)[1]),
                written_at=offboarding.now,
            )

    offboarding.letters.before = other_run
    offboarding.now += CLOSING
    report = (await offboarding.order()).json()
    assert (report["state"], report["remaining"]) == ("deleting", {"on_hold/": 1})
    offboarding.letters.before = ignore
    offboarding.now += CLOSING
    assert (await offboarding.order()).json()["state"] == "deleted"
    check_gone(offboarding)


async def test_only_the_held_persons_events_of_a_refused_body_stay() -> None:
    offboarding = filled()
    hold(offboarding)
    several = b"[" + body("ann", **PROJECT) + b"," + body(HELD, **PROJECT) + b"]"
    offboarding.bucket.put(*quarantined(several, reason="too_many_events"))
    plan = (await offboarding.order()).json()
    assert plan["on_hold"]["quarantine/"] == 1
    await offboarding.order(plan["confirm"])
    [(record, kept)] = held_records(offboarding)
    assert kept == body(HELD, **PROJECT)
    assert (record.attributes or {})["project"] == "acme-prod"


async def test_an_object_that_is_replaced_meanwhile_is_counted_when_it_is_deleted() -> None:
    """A replay or a sweep may replace an object during the run; the next look finds the new one."""
    offboarding = filled()
    names = iter(["spill/both"])

    def meanwhile(action: str) -> None:
        if action == "write" and (name := next(names, None)):
            offboarding.bucket.put(name, spilled(acme(1), solo(2), acme(3)))

    offboarding.bucket.before = meanwhile
    await offboarding.order(await offboarding.code())
    offboarding.now += CLOSING
    done = (await offboarding.order()).json()
    assert (done["state"], done["deleted"]["spill/"]) == ("deleted", FOUND["spill/"])
    check_gone(offboarding)
    check_others(offboarding)


async def test_what_two_runs_delete_at_the_same_time_is_counted_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another run deletes each object right before this one does, and counts it."""
    offboarding = filled()
    delete = offboarding.bucket.delete

    async def delete_after_another_run(stored: Stored) -> bool:
        await delete(stored)
        return await delete(stored)

    monkeypatch.setattr(offboarding.bucket, "delete", delete_after_another_run)
    await offboarding.order(await offboarding.code())
    offboarding.now += CLOSING
    done = (await offboarding.order()).json()
    elsewhere = {place: FOUND[place] for place in FOUND.keys() - {"exports/", "quarantine/"}}
    in_rewritten_objects = 2
    assert done["deleted"] == elsewhere | {"spill/": in_rewritten_objects}
    check_gone(offboarding)
    check_others(offboarding)


@pytest.mark.parametrize(("with_code", "ordered_by"), [(False, ""), (True, OFFICER)])
async def test_a_request_for_the_state_does_not_order_the_offboarding(
    ordered_by: str, *, with_code: bool
) -> None:
    """The function died after it closed the partner, and before it noted who asked for that."""
    offboarding = filled()
    code = await offboarding.code()
    offboarding.secret.versions.append(
        b'{"partners": {"acme": {"projects": [], "closed_at": "2026-11-22T12:00:00Z"}}}'
    )
    report = (await offboarding.order(code if with_code else "")).json()
    assert (report["state"], report["ordered_by"]) == ("deleting", ordered_by)


async def test_an_unreadable_object_of_the_spill_waits_for_the_sweep() -> None:
    offboarding = filled()
    offboarding.bucket.put("spill/torn", b'{"data": ')
    await offboarding.order(await offboarding.code())
    offboarding.now += CLOSING
    report = (await offboarding.order()).json()
    assert (report["state"], report["unreadable"]) == ("deleting", {"spill/": 1})
    stored = ObjectRewriter(offboarding.bucket, lambda scopes: redaction(*scopes))
    await UnreadableObjects(offboarding.bucket, stored, lambda: offboarding.now).rewrite(
        Scopes([]), Counter(), lambda: False
    )
    report = (await offboarding.order()).json()
    assert report["state"] == "deleted"
    [left] = [item for item in report["certificate"]["remains"] if item["where"] == "quarantine"]
    assert left["until"] == (offboarding.now + UNREADABLE).isoformat(), "it stays until then"
    assert any(name.startswith("quarantine/malformed/") for name in offboarding.bucket.contents)


async def test_with_a_full_closed_list_no_partner_is_closed_or_deleted() -> None:
    """The first request already says so. Otherwise, cells with a shorter list would delete data."""
    offboarding = filled()
    code = (await offboarding.order()).json()["confirm"]
    projects = ["p" * 100] * 10
    partners = {
        f"gone-{n}": {"projects": projects, "closed_at": NOW.isoformat()} for n in range(60)
    }
    offboarding.secret.versions.append(json.dumps({"partners": partners}).encode())
    versions, objects = len(offboarding.secret.versions), dict(offboarding.bucket.contents)
    for answer in (await offboarding.order(), await offboarding.order(code)):
        assert answer.status_code == 409
        assert "is full" in answer.json()["title"]
    assert len(offboarding.secret.versions) == versions
    assert offboarding.bucket.contents == objects
    assert offboarding.store.rows_of["acme"] == {"events_v1": 5, "identities_v1": 2, "daily_v1": 1}
    assert not offboarding.store.receipts


async def test_exports_of_the_new_owner_of_a_project_stay() -> None:
    """The name of an export has the partner, so only exports of the former owner are deleted."""
    offboarding = filled()
    kept = "exports/solo/acme-prod/4/index.json"
    offboarding.bucket.put(kept, b"{}")
    total = (await finish(offboarding))["total"]
    assert total["exports/"] == FOUND["exports/"]
    assert [name for name in offboarding.bucket.contents if "acme" in name] == [kept]


async def test_a_hold_on_a_speaker_binds_a_room_event_without_a_usable_name() -> None:
    offboarding = filled()
    hold(offboarding)
    unnamed = body("x", "", speakers=[HELD], project="else")
    offboarding.bucket.put(*quarantined(unnamed, reason="project_unknown", kind="room"))
    await offboarding.order(await offboarding.code())
    offboarding.now += CLOSING
    await offboarding.order()
    kept = [record for record, content in held_records(offboarding) if content == unnamed]
    assert [(record.attributes or {})["kind"] for record in kept] == ["room"]
