"""3,000 simulated events over 30 days are each stored once, and all printed numbers are right."""

import asyncio
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.events.catalogue import load_catalogue
from local import demonstration, query, report
from local.behaviour import COMES_BACK
from local.cell import Cell
from tests.cell.running import ROOT, command, running_cell, until, within_a_day

pytestmark = pytest.mark.cell

EVENTS = 3_000


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cell, list[Any]]]:
    """A cell of its own that has only the simulated events, and the simulator's record."""
    record = tmp_path_factory.mktemp("simulation") / "record.ndjson"
    with running_cell() as description:
        base = str(description["port_base"])
        options = [
            "--events",
            str(EVENTS),
            "--seed",
            "1",
            "--record",
            str(record),
            "--json",
            "--port-base",
            base,
        ]
        done = subprocess.run(
            command("simulate", *options), cwd=ROOT, check=True, capture_output=True
        )
        summary = json.loads(done.stdout)
        assert (summary["sent"], summary["accepted"], summary["refused"]) == (EVENTS, EVENTS, 0)
        cell = Cell(int(base), description["token"], Path("unused"), description["pubsub"])
        sent = [json.loads(line) for line in record.read_text().splitlines()]
        returns = sum(sending["body"]["event"] == COMES_BACK for sending in sent)
        assert returns
        arrived = demonstration.ARRIVED.format(store=cell.store_dataset)

        def complete() -> list[dict[str, Any]]:
            rows = query.rows(cell, arrived)
            return [row for row in rows if demonstration.is_complete(row, EVENTS, returns)]

        until(complete)
        yield cell, sent


def day(sent: dict[str, Any]) -> date:
    return datetime.fromisoformat(sent["received_at"]).date()


def chat_events(record: list[Any]) -> list[tuple[date, str, str, str]]:
    """Return day, project, name and person of each event from the All Events webhook."""
    return [
        (day(sent), sent["body"]["value"]["project"], sent["body"]["event"], user_id)
        for sent in record
        if (user_id := sent["body"]["value"].get("user_id")) and sent["kind"] == "chat"
    ]


def test_every_accepted_event_is_there_exactly_once(simulated: tuple[Cell, list[Any]]) -> None:
    cell, record = simulated
    ids = [row["ingest_id"] for row in query.rows(cell, "SELECT ingest_id FROM events")]
    assert Counter(ids) == Counter(sent["ingest_id"] for sent in record)
    assert {event for _, _, event, _ in chat_events(record)} == {
        event.name for event in load_catalogue().events
    }
    flagged = "SELECT event, flags FROM events WHERE ARRAY_LENGTH(flags) > 0 OR NOT catalogued"
    assert query.rows(cell, flagged) == []


def test_the_totals_are_those_of_the_record(simulated: tuple[Cell, list[Any]]) -> None:
    cell, record = simulated
    expected = []
    for project in sorted({sent["body"]["value"]["project"] for sent in record}):
        of = [sent for sent in record if sent["body"]["value"]["project"] == project]
        values = [sent["body"]["value"] for sent in of]
        expected.append(
            {
                "project": project,
                "events": len(of),
                "people": len({value["user_id"] for value in values if "user_id" in value}),
                "rooms": len({value.get("event_id") or value.get("roomId") for value in values}),
                "days": len({day(sent) for sent in of}),
            }
        )
    assert query.rows(cell, report.TOTALS) == expected


def test_events_by_name(simulated: tuple[Cell, list[Any]]) -> None:
    cell, record = simulated
    events = chat_events(record)
    counts = Counter(event for _, _, event, _ in events)
    top = sorted(counts, key=lambda event: (-counts[event], event))[:10]
    assert query.rows(cell, report.TOP_EVENTS) == [
        {
            "event": name,
            "events": counts[name],
            "people": len({user for _, _, event, user in events if event == name}),
        }
        for name in top
    ]


def test_active_users_of_every_day(simulated: tuple[Cell, list[Any]]) -> None:
    cell, record = simulated
    events = chat_events(record)

    def active(project: str, until_day: date, days: int) -> int:
        since = until_day - timedelta(days=days - 1)
        return len({u for d, p, _, u in events if p == project and since <= d <= until_day})

    def look() -> tuple[list[Any], list[Any]]:
        asyncio.run(demonstration.refresh(cell, min(day for day, _, _, _ in events)))
        shown = "SELECT project, day, dau, wau, mau FROM active_users ORDER BY project, day"
        return query.rows(cell, shown), query.rows(cell, report.ACTIVE_USERS)

    today, (every_day, printed) = within_a_day(look)
    expected = []
    for project in sorted({project for _, project, _, _ in events}):
        first = min(d for d, p, _, _ in events if p == project)
        for offset in range((today - first).days + 1):
            day = first + timedelta(days=offset)
            dau, wau, mau = (active(project, day, days) for days in (1, 7, 30))
            expected.append({"project": project, "day": day, "dau": dau, "wau": wau, "mau": mau})
    assert every_day == expected
    assert printed == [row for row in expected if row["day"] == today]


def test_messages_and_reactions_per_day(simulated: tuple[Cell, list[Any]]) -> None:
    cell, record = simulated
    counts = Counter((d, event) for d, _, event, _ in chat_events(record))
    days = sorted({d for d, _ in counts}, reverse=True)
    today, shown = within_a_day(lambda: query.rows(cell, report.DAYS))
    since = today - timedelta(days=10)
    assert shown == [
        {
            "day": day,
            "messages": counts[day, "message_sent"],
            "animated_reactions": counts[day, "emoji_sent"],
            "message_reactions": counts[day, "message_reaction_sent"],
        }
        for day in days
        if day > since
    ]
