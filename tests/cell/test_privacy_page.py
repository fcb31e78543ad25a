"""The commands of docs/privacy.md work in a shell, as a data-protection officer runs them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local import query
from local.cell import PARTNER, Cell
from tests.cell import page
from tests.cell.conftest import Post, Publish, Rows
from tests.cell.page import Page

pytestmark = pytest.mark.cell

PAGE = Page("privacy.md")


def ask(cell: Cell, *parts: str, folder: Path | None = None, **ids: str) -> list[dict[str, Any]]:
    """Run the block that contains all of these texts; return the JSON that its commands print."""
    at = {"PRIVACY_URL": cell.url("privacy_proxy"), "STORAGE_URL": cell.url("storage")}
    header = {"AUTH": "X-Nobody: asks", "STORAGE_AUTH": "X-Nobody: asks"}
    within = f"cd {folder}\n" if folder else ""
    return page.run(within + PAGE.block(*parts), at | header | ids)


@pytest.fixture
def chatting(post: Post, stored: Rows) -> list[str]:
    """Send an event for each person in the page's commands; the fixture is their ingest ids."""
    people = ("u-1001", "u-1002", "u-1003", "u-1004", "u-1005")
    body = [
        {"event": "la_opened", "value": {"user_id": who, "project": "dev", "nickname": f"N {who}"}}
        for who in people
    ]
    ids = [result["ingest_id"] for result in post(body).json()["results"]]
    stored(ids)
    return ids


def shown(cell: Cell, ingest_id: str) -> dict[str, Any]:
    """Return the event as the view `events` shows it."""
    [row] = query.rows(cell, f"SELECT user_key FROM events WHERE ingest_id = '{ingest_id}'")
    return row


def test_no_command_is_left_out(cell: Cell) -> None:
    confirmed = [text for text in PAGE.others if "curl" in text]
    assert [("CODE" in text) for text in confirmed] == [True]
    assert PAGE.commands_outside() == []
    assert len(PAGE.blocks) >= 13


def test_a_person_is_hidden_and_restored(cell: Cell, chatting: list[str]) -> None:
    before = shown(cell, chatting[0])
    [counted] = ask(cell, "/erasures", "dry_run")
    assert counted["events_v1"]["rows"] >= 1
    assert shown(cell, chatting[0]) == before

    [filed] = ask(cell, '"project": "dev",\n', "/erasures")
    [again] = ask(cell, '"project": "dev",\n', "/erasures")
    erasure = {"ERASURE_ID": filed["erasure_id"]}
    assert filed["status"] == "hidden"
    assert again["erasure_id"] == filed["erasure_id"]
    assert shown(cell, chatting[0]) != before

    erasure_log, entry = ask(cell, '/erasures"\ncurl', **erasure)
    assert filed["erasure_id"] in {each["erasure_id"] for each in erasure_log["erasures"]}
    assert entry["due_at"] == again["due_at"]
    [restored] = ask(cell, "DELETE", "ERASURE_ID", **erasure)
    assert restored["status"] == "restored"
    assert shown(cell, chatting[0]) == before


def test_a_person_is_erased_at_once(
    cell: Cell, chatting: list[str], post: Post, publish: Publish, stored: Rows
) -> None:
    spoken = {"project": "dev", "roomId": "spoken in", "speakers": ["u-1001", "u-1002"]}
    room = post({"event": "room_speakers_updated", "value": spoken}, "rooms").json()["results"][0]
    assert len(stored([room["ingest_id"]])[room["ingest_id"]]["room"]["speakers"]) == 2
    # A late event of another person, so that the erasure first has to refresh this day.
    late = {"event": "la_opened", "value": {"user_id": "u-1001", "project": "dev"}}
    stored([publish(late, datetime.now(UTC) - timedelta(days=2))])
    [erased] = ask(cell, '"immediate"')
    assert erased["status"] == "executed"
    assert {"begun", "executed"} <= {each["detail"]["step"] for each in erased["receipts"]}
    assert query.rows(cell, f"SELECT 1 FROM events WHERE ingest_id = '{chatting[1]}'") == []
    assert len(stored([room["ingest_id"]])[room["ingest_id"]]["room"]["speakers"]) == 1


def test_a_hold_is_filed_and_released(cell: Cell, chatting: list[str]) -> None:
    filed, held = ask(cell, "claim 2026-17")
    assert filed["hold_id"] in {each["hold_id"] for each in held["holds"]}
    [released] = ask(cell, "HOLD_ID", HOLD_ID=filed["hold_id"])
    assert released["released_at"]


def test_the_key_of_an_id_is_the_one_that_views_show(cell: Cell, chatting: list[str]) -> None:
    [answer] = ask(cell, "/lookups")
    [person] = answer["people"]
    assert shown(cell, chatting[3])["user_key"] in person["user_keys"]


def test_a_person_gets_an_export(cell: Cell, chatting: list[str], tmp_path: Path) -> None:
    [made] = ask(cell, "/exports")
    assert made["is_complete"]
    assert made["records"]["events_v1"] >= 1
    for entry in made["objects"]:
        where = {"BUCKET": made["bucket"], "NAME": entry["name"]}
        assert ask(cell, "$NAME", folder=tmp_path, **where) == []
        fetched = tmp_path / entry["name"].rsplit("/", 1)[-1]
        assert len(fetched.read_bytes()) == entry["bytes"]
    assert "u-1005" in (tmp_path / "identities.jsonl").read_text()


def test_a_dry_run_of_an_offboarding_counts_and_deletes_nothing(
    cell: Cell, chatting: list[str]
) -> None:
    [planned] = ask(cell, '"partner": "demo"')
    assert (planned["partner"], planned["state"]) == (PARTNER, "open")
    assert planned["confirm"]
    assert planned["would_delete"]["events_v1"] >= len(chatting)
    [left] = ask(cell, '/offboardings"\n')
    assert PARTNER not in {each["partner"] for each in left["offboardings"]}
    assert shown(cell, chatting[4])


def test_residency_and_retention_are_reported(cell: Cell, tmp_path: Path) -> None:
    [answer] = ask(cell, "/residency", folder=tmp_path)
    assert (answer["ok"], answer["cell"]) == (True, "eu")
    assert "<html" in (tmp_path / "residency.html").read_text()
    [kept] = ask(cell, "/retention")
    assert kept["ok"]
