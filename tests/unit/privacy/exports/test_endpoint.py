"""Exports have everything about the person from every place, nothing of others, and say what is
missing.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from functions.privacy import periods
from functions.privacy.exports import tables
from functions.privacy.exports.endpoint import Deployment, Exports, Sources
from functions.privacy.exports.retained import LETTERS, RetainedEvents
from functions.privacy.exports.tables import Tables
from functions.privacy.inventory import TABLES
from functions.privacy.requests.caller import Caller
from functions.privacy.requests.context import Context
from functions.privacy.requests.people import IDS_OF_A_PERSON, user_keys
from functions.warehouse.ledger import Ledger
from functions.warehouse.schema import EXTRA_DAYS, SQL
from functions.warehouse.statements import StatementFailed
from functions.web.problem import ProblemError
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.letters import Letters
from tests.fakes.statements import Statements
from tests.unit.privacy.disclosure import (
    ANN,
    NOW,
    OPERATOR,
    PUSH,
    SCHEDULER,
    acme,
    body_of,
    counting,
    reading,
    receipts_of,
    request_by,
)
from tests.unit.privacy.stand_ins import KEYS, LAYOUTS, attributes, body, quarantined, spilled

REQUEST = {"project": "dev", "ids": ["ann", "ann-2"]}
OWN = user_keys(KEYS, "dev", ["ann", "ann-2"])
FOLDER = "exports/acme/dev/export-1/"


class Cell:
    """A cell in memory, into which tests put data about people."""

    def __init__(self) -> None:
        self.statements = reading()
        self.bucket = Bucket()
        self.letters = Letters()
        self.seconds = 0.0
        ids = counting("export")
        context = Context(
            self.statements,
            Ledger(Statements("operate"), 100),
            receipts_of(self.statements),
            KEYS,
            acme,
            lambda: NOW,
            lambda: next(ids),
        )
        self.exports = Exports(
            context,
            Sources(
                Tables(self.statements, 100), RetainedEvents(self.bucket, self.letters, LAYOUTS)
            ),
            Writer(self.bucket),
            self.bucket,
            Deployment("the-bucket", "europe-west1", 100),
            seconds=100,
            clock=lambda: self.seconds,
        )

    async def export(self, caller: Caller = ANN, body: Any = None) -> dict[str, Any]:
        answer: dict[str, Any] = body_of(
            await self.exports.make(request_by(caller, body or REQUEST))
        )
        return answer

    def put_letter(self, data: bytes, **other: str) -> None:
        """Add a dead letter with this message."""
        self.letters.put_raw(data, attributes(len(self.letters.waiting), **other))

    def lines(self, name: str) -> list[Any]:
        content = self.bucket.contents[FOLDER + name][0]
        return [json.loads(line) for line in content.splitlines()]

    @property
    def sheet(self) -> str:
        [name] = [name for name in self.bucket.contents if name.endswith("/cover-sheet.html")]
        return self.bucket.contents[name][0].decode()


@pytest.fixture
def cell() -> Iterator[Cell]:
    cell = Cell()
    yield cell
    pulled, given_back = cell.letters.pulled, cell.letters.given_back
    assert [letter.ack_id for letter in pulled] == [letter.ack_id for letter in given_back]
    assert cell.letters.acknowledged == [], "an export must not delete dead letters"


def row(number: int, key: str = OWN[0]) -> dict[str, Any]:
    content = {"delivery_id": f"d{number}", "user_key": key, "event": "message_sent"}
    at = NOW - timedelta(days=9) + timedelta(seconds=number)
    return {"received_at": at, "delivery_id": f"d{number}", "content": json.dumps(content)}


async def test_everything_of_the_person_is_in_it(cell: Cell) -> None:
    cell.statements.answers["find_events_of_person"] = [row(1), row(2)]
    cell.statements.answers["find_records_of_person"] = [
        {"place": "identities_v1", "content": '{"user_id": "ann", "nickname": "Ann"}'},
        {"place": "holds_v1", "content": '{"reason": "claim 7"}'},
    ]
    cell.bucket.put("spill/1", spilled((body("ann"), attributes(1)), (body("bob"), attributes(2))))
    cell.bucket.put(*quarantined(body("ann-2", event="named"), reason="project_unknown"))
    cell.put_letter(body("ann", extra="é"))
    answer = await cell.export()

    assert [(entry["name"], entry["records"]) for entry in answer["objects"]] == [
        (f"{FOLDER}cover-sheet.html", None),
        (f"{FOLDER}retained.jsonl", 3),
        (f"{FOLDER}holds.jsonl", 1),
        (f"{FOLDER}identities.jsonl", 1),
        (f"{FOLDER}events-0001.jsonl", 2),
    ]
    assert answer["bucket"] == "the-bucket"
    assert answer["records"] == {
        "retained": 2, "dead_letters": 1, "holds_v1": 1, "identities_v1": 1, "events_v1": 2,
    }  # fmt: skip
    assert (answer["is_complete"], answer["missing"], answer["unreadable"]) == (True, [], 0)
    assert (answer["made_at"], answer["goes_at"]) == (
        "2026-11-22T12:00:00Z",
        "2026-11-23T12:00:00Z",
    )
    assert [event["delivery_id"] for event in cell.lines("events-0001.jsonl")] == ["d1", "d2"]
    places = {line["place"]: line["as_sent"]["value"] for line in cell.lines("retained.jsonl")}
    assert places["spill"]["nickname"] == "name of ann"
    assert places["quarantine"]["user_id"] == "ann-2"
    assert places["dead letters"]["extra"] == "é"
    index = json.loads(cell.bucket.contents[f"{FOLDER}index.json"][0])
    assert (index["project"], index["user_keys"]) == ("dev", OWN)


async def test_nothing_of_other_people_projects_and_partners_is_in_it(cell: Cell) -> None:
    cell.bucket.put("spill/1", spilled((body("bob"), attributes(1))))
    cell.bucket.put("spill/2", spilled((body("ann"), attributes(2, project="shop"))))
    cell.bucket.put("spill/3", spilled((body("ann"), attributes(3, partner="other"))))
    cell.bucket.put(*quarantined(body("ann"), partner="other"))
    cell.bucket.put(*quarantined(body("ann", project="shop")))
    cell.put_letter(body("ann"), project="shop")
    answer = await cell.export()

    assert [entry["name"] for entry in answer["objects"]] == [f"{FOLDER}cover-sheet.html"]
    assert "Nothing is stored about you" in cell.sheet


async def test_events_under_a_legal_hold_are_in_the_export(cell: Cell) -> None:
    cell.bucket.put(*quarantined(body("ann"), reason="legal_hold", attributes=attributes(1)))
    await cell.export()

    assert [line["place"] for line in cell.lines("retained.jsonl")] == ["on_hold"]


async def test_bodies_without_a_known_project_are_counted(cell: Cell) -> None:
    nowhere = json.dumps({"event": "named", "value": {"user_id": "ann"}}).encode()
    several = b"[" + nowhere + b"," + body("bob") + b"," + body("ann") + b"]"
    cell.bucket.put(*quarantined(several, reason="project_missing"))
    answer = await cell.export()

    assert answer["records"]["retained"] == 2


async def test_unreadable_data_is_counted_and_reported(cell: Cell) -> None:
    cell.bucket.put("spill/1", b"no spilled event\n")
    cell.bucket.put(*quarantined(b"no JSON", reason="not_json"))
    cell.bucket.put(*quarantined(b"no JSON of another", reason="not_json", partner="other"))
    cell.put_letter(b"\xff")
    answer = await cell.export()

    assert (answer["unreadable"], answer["is_complete"]) == (3, True)
    assert "3 files that cannot be read" in cell.sheet


def test_a_page_is_what_the_statement_returns_at_most() -> None:
    assert f"\nLIMIT {tables.PAGE}\n" in (SQL / "privacy" / "find_events_of_person.sql").read_text()


async def test_events_come_in_pages_that_follow_each_other(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "PAGE", 2)
    rows = [row(number) for number in range(5)]

    def page(after_time: datetime, after_delivery: str, **_: Any) -> list[Any]:
        after = (after_time, after_delivery)
        return [row for row in rows if (row["received_at"], row["delivery_id"]) > after][:2]

    cell.statements.answers["find_events_of_person"] = page
    answer = await cell.export()

    assert answer["records"]["events_v1"] == 5
    assert [len(cell.lines(f"events-000{number}.jsonl")) for number in (1, 2, 3)] == [2, 2, 1]
    pages = [
        parameters
        for name, parameters in cell.statements.queries
        if name == "find_events_of_person"
    ]
    assert pages[0]["after_time"] == NOW - timedelta(days=102)
    assert {parameters["until"] for parameters in pages} == {NOW}
    assert pages[0]["user_keys"] == OWN


async def test_parts_for_which_the_time_is_too_short_are_reported(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "PAGE", 1)
    cell.statements.answers["find_events_of_person"] = [row(1)]
    cell.bucket.put("spill/1", spilled((body("ann"), attributes(1))))
    cell.seconds = 0.0
    ticks = iter([0.0, *[60.0] * 9, *[100.0] * 9])
    cell.exports = replace(cell.exports, clock=lambda: next(ticks, 100.0))
    answer = await cell.export()

    assert answer["is_complete"] is False
    assert answer["missing"] == ["retained", "dead_letters", "events"]
    assert answer["records"]["events_v1"] == 1, "the export always has the first page"
    for sentence in ("Files that wait", "Messages that could not", "the latest ones are missing"):
        assert sentence in cell.sheet


async def test_dead_letters_are_given_back_whatever_happens(cell: Cell) -> None:
    for number in range(3):
        cell.put_letter(body("ann", number=number))
    cell.letters.batch = 2
    await cell.export()
    assert (len(cell.letters.waiting), cell.letters.leased) == (3, [])

    cell.letters.failing = {"pull"}
    answer = await cell.export()
    assert answer["missing"] == ["dead_letters"]


async def test_only_so_many_dead_letters_are_held(cell: Cell) -> None:
    cell.letters.batch = LETTERS + 1
    for _ in range(LETTERS + 2):
        cell.put_letter(body("bob"))
    assert (await cell.export())["missing"] == ["dead_letters"]


async def test_an_export_that_an_erasure_deletes_meanwhile_is_not_returned(cell: Cell) -> None:
    def erase(**_: Any) -> list[Any]:
        cell.bucket.contents.clear()
        return []

    cell.statements.answers["find_records_of_person"] = erase
    cell.statements.answers["find_events_of_person"] = [row(1)]
    with pytest.raises(ProblemError) as refused:
        await cell.export()
    assert (refused.value.status, cell.bucket.contents, cell.statements.receipts) == (503, {}, [])


async def test_a_bucket_that_fails_in_the_middle_is_an_incomplete_export(cell: Cell) -> None:
    cell.bucket.put("spill/1", spilled((body("ann"), attributes(1))))
    cell.bucket.failing.add("read")
    assert (await cell.export())["missing"] == ["retained"]


@pytest.mark.parametrize("action", ["find", "create"])
async def test_without_a_bucket_there_is_no_export(cell: Cell, action: str) -> None:
    cell.bucket.failing.add(action)
    with pytest.raises(ProblemError) as refused:
        await cell.export()
    assert refused.value.status == 503
    assert cell.statements.receipts == []


@pytest.mark.parametrize(
    "statement", ["find_events_of_person", "find_records_of_person", "add_receipts"]
)
async def test_without_a_table_or_a_receipt_nothing_is_told(cell: Cell, statement: str) -> None:
    cell.statements.failing.add(statement)
    with pytest.raises(StatementFailed):
        await cell.export()


async def test_the_receipt_and_the_log_name_no_person(
    cell: Cell, capsys: pytest.CaptureFixture[str]
) -> None:
    cell.statements.answers["find_events_of_person"] = [row(1)]
    await cell.export()

    [receipt] = cell.statements.receipts
    assert receipt | {"detail": None} == {
        "receipt_id": "export-1/export",
        "operation": "export",
        "reference": "export-1",
        "detail": None,
        "partner": "acme",
        "project": "dev",
        "requested_by": "ann@acme.example",
        "people": 1,
    }
    assert receipt["detail"] == {
        "records": {"retained": 0, "dead_letters": 0, "events_v1": 1},
        "unreadable": 0,
        "missing": [],
        "goes_at": "2026-11-23T12:00:00+00:00",
    }
    line = json.loads(capsys.readouterr().out)
    assert line["message"] == "exported"
    for text in (json.dumps(receipt["detail"]), json.dumps(line)):
        assert not [key for key in OWN if key in text]
        assert "ann-2" not in text


async def test_the_sheet_is_plain_and_escaped(cell: Cell) -> None:
    events = {"events_v1", "room_events_v1"}
    exported = {table.name for table in TABLES if table.columns} - events - {"receipts_v1"}
    cell.statements.answers["find_records_of_person"] = [
        {"place": place, "content": "{}"} for place in sorted(exported)
    ]
    cell.statements.answers["find_events_of_person"] = [row(1)]
    caller = Caller("x@acme.example", frozenset({"<b>"}))
    await cell.export(caller, REQUEST | {"project": "<b>"})

    assert "&lt;b&gt;" in cell.sheet
    assert "<b>" not in cell.sheet
    assert "acme" in cell.sheet
    assert "22 November 2026, 12:00 UTC" in cell.sheet
    assert "100 days" in cell.sheet
    assert f"<strong>extra</strong>: {EXTRA_DAYS} days" in cell.sheet
    assert f"{periods.TOMBSTONE.days} days after they were carried out" in cell.sheet
    assert "europe-west1" in cell.sheet
    assert "On which days you used the chat" in cell.sheet
    for jargon in ("pseudonym", "NULL", "BigQuery", "Pub/Sub", "quarantine", "JSON", "GDPR"):
        assert jargon not in cell.sheet, jargon
    assert "<script" not in cell.sheet
    assert "http" not in cell.sheet


async def test_each_request_is_an_export_of_its_own(cell: Cell) -> None:
    first, second = await cell.export(), await cell.export()

    assert (first["id"], second["id"]) == ("export-1", "export-2")
    assert first["records"] == second["records"]
    assert {name.split("/")[3] for name in cell.bucket.contents} == {"export-1", "export-2"}


EVE = Caller("eve@other.example", frozenset({"shop"}))


@pytest.mark.parametrize("caller", [EVE, SCHEDULER, PUSH])
async def test_other_projects_are_refused(cell: Cell, caller: Caller) -> None:
    with pytest.raises(ProblemError) as refused:
        await cell.export(caller)
    assert refused.value.status == 403
    assert (cell.statements.runs, cell.bucket.contents) == ([], {})


async def test_an_operator_may_export_of_every_project(cell: Cell) -> None:
    assert (await cell.export(OPERATOR))["project"] == "dev"


@pytest.mark.parametrize(
    "change",
    [
        {"ids": []},
        {"ids": [""]},
        {"ids": ["x"] * (IDS_OF_A_PERSON + 1)},
        {"ids": "ann"},
        {"project": ""},
        {"people": []},
    ],
)
async def test_a_malformed_request_is_refused(cell: Cell, change: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        await cell.export(ANN, REQUEST | change)
    assert cell.statements.runs == []
