"""The report on retention finds data that is kept for too long. No answer is a failure."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.google.storage import Stored
from functions.privacy.inventory import list_inventory
from functions.privacy.reports.retention import Retention
from functions.privacy.requests.caller import Caller
from functions.warehouse.ledger import Ledger
from functions.web.problem import ProblemError
from tests.fakes.bucket import Bucket
from tests.fakes.statements import Statements
from tests.unit.operate.stand_ins import ran
from tests.unit.privacy.disclosure import (
    ANN,
    NOW,
    OPERATOR,
    PUSH,
    SCHEDULER,
    body_of,
    reading,
    request_by,
)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Aged(Bucket):
    """A bucket with objects of given ages; `too_long` are events that are on hold for too long."""

    def __init__(self, **objects: timedelta) -> None:
        super().__init__()
        self.too_long: list[Stored] = []
        for name, age in objects.items():
            self.put(name, b"", NOW - age)

    async def overdue_on_hold(self, at: datetime) -> list[Stored]:
        assert at == NOW - DAY
        self.begin("find")
        return self.too_long


@pytest.fixture
def statements() -> Statements:
    return reading()


def retention_of(
    statements: Statements, bucket: Aged, nightly: Statements | None = None
) -> Retention:
    """Return a check of retention; its ledger runs its statements with `nightly`."""
    return Retention(
        statements,
        Ledger(nightly or Statements("operate"), 100),
        bucket,
        bucket.overdue_on_hold,
        now=lambda: NOW,
        retention_days=100,
    )


async def report(statements: Statements, bucket: Aged) -> dict[str, Any]:
    retention = retention_of(statements, bucket)
    answer: dict[str, Any] = body_of(await retention.ask(request_by(OPERATOR)))
    return answer


def places(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {place["place"]: place for place in answer["places"]}


async def test_all_is_well_where_nothing_is_old(statements: Statements) -> None:
    answer = await report(statements, Aged(**{"spill/a": 28 * DAY, "exports/1/a": 25 * HOUR}))

    assert answer["ok"] is True
    by_name = places(answer)
    assert {place["state"] for place in by_name.values()} == {"ok"}
    assert by_name["events_v1"]["days"] == 100
    prefixes = {entry.place for entry in list_inventory() if entry.kind == "prefix"}
    assert prefixes <= by_name.keys()


async def test_bounds_are_the_promise_and_a_day(statements: Statements) -> None:
    await report(statements, Aged())

    assert statements.runs == [
        (
            "find_overdue",
            {
                "stored_since": NOW - 102 * DAY,
                "extra_since": NOW - 32 * DAY,
                "due_since": NOW - DAY,
                "holds_over_since": NOW - 31 * DAY,
            },
        )
    ]


@pytest.mark.parametrize(
    ("name", "age", "late"),
    [
        ("spill/a", 29 * DAY, []),
        ("spill/a", 29 * DAY + HOUR, ["spill/"]),
        ("quarantine/project_unknown/acme/chat/a", 20 * DAY, []),
        ("quarantine/project_unknown/acme/chat/a", 30 * DAY, ["quarantine/"]),
        ("quarantine/not_json/acme/chat/a", 9 * DAY, ["quarantine/not_json/"]),
        ("exports/1/a", 2 * DAY, []),
        ("exports/1/a", 2 * DAY + HOUR, ["exports/"]),
    ],
)
async def test_objects_that_should_be_gone_are_found(
    statements: Statements, name: str, age: timedelta, late: list[str]
) -> None:
    answer = await report(statements, Aged(**{name: age, "spill/young": HOUR}))

    overdue = [place for place in answer["places"] if place["state"] == "late"]
    assert [place["place"] for place in overdue] == late
    assert answer["ok"] is (not late)
    for place in overdue:
        assert (place["overdue"], datetime.fromisoformat(place["oldest"])) == (1, NOW - age)


async def test_rows_that_should_be_gone_are_found(
    statements: Statements, capsys: pytest.CaptureFixture[str]
) -> None:
    old = NOW - 300 * DAY
    statements.answers["find_overdue"] = [{"place": "identities_v1", "overdue": 7, "oldest": old}]
    answer = await report(statements, Aged())

    assert answer["ok"] is False
    assert places(answer)["identities_v1"] == {
        "place": "identities_v1",
        "days": 100,
        "state": "late",
        "overdue": 7,
        "oldest": old.isoformat().replace("+00:00", "Z"),
    }
    line = json.loads(capsys.readouterr().out)
    assert (line["severity"], line["late"], line["places_late"]) == (
        "WARNING",
        {"identities_v1": 7},
        1,
    )


@pytest.mark.parametrize("part", ["tables", "bucket"])
async def test_a_place_that_cannot_be_checked_is_unknown_and_not_ok(
    statements: Statements, part: str
) -> None:
    bucket = Aged()
    if part == "bucket":
        bucket.failing = {"find"}
    else:
        statements.failing.add("find_overdue")
    answer = await report(statements, bucket)

    assert answer["ok"] is False
    unknown = {name for name, place in places(answer).items() if place["state"] == "unknown"}
    assert ("exports/" in unknown, "events_v1" in unknown) == (part == "bucket", part == "tables")


@pytest.mark.parametrize("caller", [ANN, SCHEDULER, PUSH])
async def test_only_operators_may_ask(statements: Statements, caller: Caller) -> None:
    retention = retention_of(statements, Aged())
    with pytest.raises(ProblemError) as refused:
        await retention.ask(request_by(caller))
    assert refused.value.status == 403
    assert statements.runs == []


async def test_events_that_no_hold_keeps_any_more_are_found(statements: Statements) -> None:
    bucket = Aged(**{"on_hold/acme/chat/a": 300 * DAY, "on_hold/acme/chat/b": 300 * DAY})
    assert (await report(statements, bucket))["ok"] is True
    bucket.too_long = [Stored("on_hold/acme/chat/a", 1, NOW - 300 * DAY)]
    place = places(await report(statements, bucket))["on_hold/"]

    assert (place["state"], place["overdue"], place["days"]) == ("late", 1, 0)


@pytest.mark.parametrize(
    ("checked", "checks"), [(None, 1), (NOW - 23 * HOUR, 1), (NOW - 22 * HOUR, 0)]
)
async def test_a_sweep_checks_once_a_day(
    statements: Statements, checked: datetime | None, checks: int
) -> None:
    nightly = Statements("operate")
    nightly.answers["find_news"] = [ran("retention", checked)] if checked else []
    result = await retention_of(statements, Aged(), nightly).check_daily()
    assert (result is not None) == bool(checks)
    assert [name for name, _ in nightly.runs] == ["find_news"] + checks * ["record_run"]
    assert [name for name, _ in statements.runs] == checks * ["find_overdue"]


@pytest.mark.parametrize("failing", ["find_news", "find_overdue", "record_run"])
async def test_a_check_that_failed_is_repeated_by_the_next_sweep(
    statements: Statements, failing: str
) -> None:
    nightly = Statements("operate")
    statements.failing = nightly.failing = {failing}
    result = await retention_of(statements, Aged(), nightly).check_daily()
    assert result is not None
    assert (result.ok, bool(result.unknown)) == (False, True)
    assert "record_run" not in [name for name, _ in nightly.runs]


async def test_what_is_late_is_reported_although_the_check_cannot_be_recorded(
    statements: Statements,
) -> None:
    nightly = Statements("operate")
    nightly.failing = {"record_run"}
    late = {"place": "identities_v1", "overdue": 7, "oldest": NOW - 300 * DAY}
    statements.answers["find_overdue"] = [late]
    result = await retention_of(statements, Aged(), nightly).check_daily()
    assert result is not None
    assert (result.late, result.unknown) == ({"identities_v1": 7}, ["record_run"])
