"""Recorded calls become operations and resources, and are compared in both directions."""

import json
from pathlib import Path

from tests.calls import recorded

NOTES = [
    [
        "load",
        "/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows",
        "p/d/tables/events_v1/_",
    ],
    ["receive", "/google.pubsub.v1.Publisher/Publish", "projects/p/topics/chat-eu-events"],
    ["receive", "POST /upload/storage/v1/b/*/o?ifGenerationMatch=0", "/upload/storage/v1/b/b/o"],
    ["privacy", "GET /v1/projects/*/secrets/*", "/v1/projects/p/secrets/chat-eu-closed"],
    ["operate", "SQL", "DELETE FROM `p.chat_eu_store.events_v1` WHERE day IN (SELECT 1 FROM d.e)"],
]


def test_calls_become_operations_and_resources(tmp_path: Path) -> None:
    (tmp_path / "1.jsonl").write_text("\n".join(json.dumps(note) for note in NOTES))

    assert recorded.observed(tmp_path) == {
        ("load", NOTES[0][1], "table events_v1"),
        ("receive", NOTES[1][1], "topic events"),
        ("receive", NOTES[2][1], "bucket data"),
        ("privacy", NOTES[3][1], "secret closed"),
        ("operate", "DML", "table events_v1"),
        ("operate", "SELECT", "table events_v1"),
        ("operate", "SELECT", "table e"),
    }


def test_a_new_call_and_a_missing_call_are_reported() -> None:
    old, new = ("load", "DML", "table a"), ("load", "DML", "table b")

    assert recorded.differences({new}, {old}) == [
        "not in calls.yaml: load DML table b",
        "made no more: load DML table a",
    ]
    assert recorded.differences({old}, {old}) == []


def test_the_file_is_in_the_form_in_which_it_is_written(tmp_path: Path) -> None:
    before = recorded.CALLS.read_text()
    recorded.write(recorded.committed(), tmp_path / "calls.yaml")

    assert (tmp_path / "calls.yaml").read_text() == before
