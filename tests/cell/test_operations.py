"""The commands of docs/operations.md work in a shell, as an operator runs them."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.retained import spill
from functions.retained.quarantine import Quarantined, decode, to_object
from local import query
from local.cell import Cell
from local.clients import objects, publisher
from tests.cell import page
from tests.cell.page import Page
from tests.cell.running import events_of, until
from tests.load_faults.feed import simulated

pytestmark = pytest.mark.cell

PAGE = Page("operations.md")
block = PAGE.block


def run(cell: Cell, block: str) -> list[dict[str, Any]]:
    """Run a block, and return the JSON that its commands print."""
    header = {"AUTH": "X-Nobody: asks", "STORAGE_AUTH": "X-Nobody: asks"}
    urls = {"OPERATE_URL": cell.url("operate"), "STORAGE_URL": cell.url("storage")}
    urls["PRIVACY_URL"] = cell.url("privacy_proxy")
    now = datetime.now(UTC)
    times = {"RESTORED_TO": now - timedelta(days=1), "RESTORED_AT": now - timedelta(minutes=1)}
    written = {name: f"{time:%Y-%m-%dT%H:%M:%SZ}" for name, time in times.items()}
    return page.run(block, {"BUCKET": cell.bucket} | header | urls | written)


@pytest.mark.soak
def test_every_command_of_the_page_is_run(cell: Cell) -> None:
    assert [text for text in PAGE.others if "curl" in text] == []
    assert PAGE.commands_outside() == []
    assert len(PAGE.blocks) >= 7
    for block in PAGE.blocks:
        run(cell, block)


def test_dead_letters_are_counted_and_replayed(cell: Cell) -> None:
    bring_in_what_other_tests_left(cell)
    events = simulated("operated", 3)
    client = publisher(cell)
    for event in events:
        client.publish(cell.dead_letter_topic, event.data, **event.attributes).result(60)
    days = {event.attributes["received_at"][:10] for event in events}
    # A sweep that runs at the same time leases the letters for a moment.
    [seen] = until(lambda: [report for report in dry_run(cell) if report["events"] == 3])
    assert (set(seen["days"]), seen["failed"]) == (days, [])
    replayed = until(lambda: [report for report in replay_letters(cell) if report["events"]])
    assert replayed == [seen]
    assert shown(cell, "operated", 3) == 3
    assert dry_run(cell)[0]["events"] == 0


def dry_run(cell: Cell) -> list[dict[str, Any]]:
    """Return the report of a dry run: the dead letters that a replay would find."""
    return run(cell, block("dead_letters", "dry_run"))


def bring_in_what_other_tests_left(cell: Cell) -> None:
    """Replay dead letters until none are left, because tests of this cell run in any order."""
    until(lambda: [report for report in replay_letters(cell) if not report["events"]])


def replay_letters(cell: Cell) -> list[dict[str, Any]]:
    """Replay dead letters, and settle their days; return the report of the replay."""
    replayed, settled = run(cell, block("dead_letters", "settle"))
    assert settled["failed"] == ""
    return [replayed]


def test_copies_of_an_event_are_deleted(cell: Cell) -> None:
    client = publisher(cell)
    for event in simulated("copied", 1) * 3:
        client.publish(cell.topic, event.data, **event.attributes).result(60)
    assert len(until(lambda: stored_rows(cell, "copied"), 3)) == 3
    settled, _ = run(cell, block("settle\" -d ''", '"days"'))
    assert settled["copies"] >= 2
    assert len(stored_rows(cell, "copied")) == 1


def test_the_day_of_an_event_that_comes_late_is_noted(cell: Cell) -> None:
    [event] = simulated("late", 1)
    day = datetime.now(UTC) - timedelta(days=3)
    attributes = event.attributes | {"received_at": f"{day:%Y-%m-%dT%H:%M:%SZ}"}
    publisher(cell).publish(cell.topic, event.data, **attributes).result(60)
    assert len(until(lambda: stored_rows(cell, "late"), 1)) == 1
    notes = f"SELECT reason FROM {cell.store_dataset}.late_days_v1 WHERE day = '{day:%Y-%m-%d}'"
    assert {row["reason"] for row in query.rows(cell, notes)} == {"late"}


def stored_rows(cell: Cell, burst: str) -> list[dict[str, Any]]:
    """Return the rows of a burst in the store, including copies."""
    sql = f"SELECT ingest_id FROM {events_of(cell)} WHERE STARTS_WITH(ingest_id, '{burst}-')"
    return query.rows(cell, sql)


def test_a_message_that_is_not_json_goes_to_quarantine(cell: Cell) -> None:
    [event] = simulated("unreadable", 1)
    prefix = f"quarantine/not_json/{event.attributes['partner']}/"
    bucket = objects(cell).bucket(cell.bucket)
    before = {blob.name for blob in bucket.list_blobs(prefix=prefix)}
    publisher(cell).publish(cell.topic, b"not JSON", **event.attributes).result(60)
    [name] = until(
        lambda: [
            {"name": blob.name}
            for blob in bucket.list_blobs(prefix=prefix)
            if blob.name not in before
        ]
    )
    record, data = decode(bucket.blob(name["name"]).download_as_bytes())
    assert (data, record.attributes) == (b"not JSON", event.attributes)


def test_quarantined_events_are_counted_and_replayed(cell: Cell) -> None:
    [event] = simulated("kept", 1)
    record = Quarantined(
        reason="row_too_large",
        partner=event.attributes["partner"],
        kind=event.attributes["kind"],
        received_at=event.attributes["received_at"],
        body=base64.b64encode(event.data).decode(),
        attributes=event.attributes,
    )
    name, content = to_object(record, event.data)
    objects(cell).bucket(cell.bucket).blob(name).upload_from_string(content)
    listed, counted = run(cell, block("prefix=quarantine/"))
    assert name in {item["name"] for item in listed["items"]}
    assert counted["events"] == 1
    [replayed] = run(cell, block('-d \'{"prefix": "quarantine/row_too_large/"}\''))
    assert (replayed["objects"], replayed["failed"]) == (1, [])
    assert shown(cell, "kept", 1) == 1


def test_spilled_events_are_counted_and_listed(cell: Cell) -> None:
    events = simulated("waiting", 2)
    content = spill.encode(spill.Spilled(event.data, event.attributes) for event in events)
    name = f"{spill.PREFIX}2026/11/22/00/operated.ndjson"
    for _ in range(3):  # the scheduler may replay the object before the test sees it
        objects(cell).bucket(cell.bucket).blob(name).upload_from_string(content)
        counted, listed = run(cell, block('"spill/", "dry_run"'))
        if counted["events"] and "items" in listed:
            break
    assert counted["events"] >= 2
    assert name in {item["name"] for item in listed["items"]}
    run(cell, block("quarantine/", "from"))
    assert shown(cell, "waiting", 2) == 2


def test_erasures_are_executed_again(cell: Cell) -> None:
    [swept] = run(cell, block("restored_to"))
    # This also executes the erasures of other tests in this cell again.
    assert swept["unavailable"] == ""


def shown(cell: Cell, burst: str, count: int) -> int:
    """Wait until views show as many events of a burst as expected; return the number."""
    sql = f"SELECT ingest_id FROM events WHERE STARTS_WITH(ingest_id, '{burst}-')"
    return len(until(lambda: query.rows(cell, sql), count))
