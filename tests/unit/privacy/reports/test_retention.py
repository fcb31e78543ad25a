"""Storage limitation: what is older than promised is told, and silence is no success."""

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
from tests.fakes.objects import Bucket
from tests.unit.operate.stand_ins import ran
from tests.unit.privacy.disclosure import (
    ANN,
    NOW,
    OPERATOR,
    PUSH,
    SCHEDULER,
    Store,
    asked,
    said,
)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Aged(Bucket):
    """Objects of an age; held ones are those of `too_long`."""

    def __init__(self, **objects: timedelta) -> None:
        super().__init__()
        self.too_long: list[Stored] = []
        for name, age in objects.items():
            self.put(name, b"", NOW - age)

    async def overdue_on_hold(self, at: datetime) -> list[Stored]:
        assert at == NOW - DAY
        self._act("find")
        return self.too_long


@pytest.fixture
def store() -> Store:
    return Store()


async def report(store: Store, bucket: Aged) -> dict[str, Any]:
    retention = Retention(
        store,
        Ledger(store, 100),
        bucket,
        bucket.overdue_on_hold,
        now=lambda: NOW,
        retention_days=100,
    )
    answer: dict[str, Any] = said(await retention.ask(asked(OPERATOR)))
    return answer


def places(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {place["place"]: place for place in answer["places"]}


async def test_all_is_well_where_nothing_is_old(store: Store) -> None:
    answer = await report(store, Aged(**{"spill/a": 28 * DAY, "exports/1/a": 25 * HOUR}))

    assert answer["ok"] is True
    found = places(answer)
    assert {place["state"] for place in found.values()} == {"ok"}
    assert found["events_v1"]["days"] == 100
    assert {each.place for each in list_inventory() if each.kind == "prefix"} <= found.keys()


async def test_bounds_are_the_promise_and_a_day(store: Store) -> None:
    await report(store, Aged())

    assert store.asked == [
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
    store: Store, name: str, age: timedelta, late: list[str]
) -> None:
    answer = await report(store, Aged(**{name: age, "spill/young": HOUR}))

    found = {place["place"]: place for place in answer["places"] if place["state"] == "late"}
    assert list(found) == late
    assert answer["ok"] is (not late)
    for place in found.values():
        assert (place["overdue"], datetime.fromisoformat(place["oldest"])) == (1, NOW - age)


async def test_rows_that_should_be_gone_are_found(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    old = NOW - 300 * DAY
    store.found["find_overdue"] = [{"place": "identities_v1", "overdue": 7, "oldest": old}]
    answer = await report(store, Aged())

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
async def test_what_cannot_be_asked_is_unknown_and_not_ok(store: Store, part: str) -> None:
    bucket = Aged()
    if part == "bucket":
        bucket.failing = {"find"}
    else:
        store.failing.add("find_overdue")
    answer = await report(store, bucket)

    assert answer["ok"] is False
    unknown = {name for name, place in places(answer).items() if place["state"] == "unknown"}
    assert ("exports/" in unknown, "events_v1" in unknown) == (part == "bucket", part == "tables")


@pytest.mark.parametrize("caller", [ANN, SCHEDULER, PUSH])
async def test_it_is_the_matter_of_operators(store: Store, caller: Caller) -> None:
    bucket = Aged()
    retention = Retention(
        store,
        Ledger(store, 100),
        bucket,
        bucket.overdue_on_hold,
        now=lambda: NOW,
        retention_days=100,
    )
    with pytest.raises(ProblemError) as refused:
        await retention.ask(asked(caller))
    assert refused.value.status == 403
    assert store.asked == []


async def test_what_no_hold_keeps_any_more_is_found(store: Store) -> None:
    bucket = Aged(**{"on_hold/acme/chat/a": 300 * DAY, "on_hold/acme/chat/b": 300 * DAY})
    assert (await report(store, bucket))["ok"] is True
    bucket.too_long = [Stored("on_hold/acme/chat/a", 1, NOW - 300 * DAY)]
    found = places(await report(store, bucket))["on_hold/"]

    assert (found["state"], found["overdue"], found["days"]) == ("late", 1, 0)


@pytest.mark.parametrize(
    ("checked", "checks"), [(None, 1), (NOW - 23 * HOUR, 1), (NOW - 22 * HOUR, 0)]
)
async def test_a_sweep_checks_once_a_day(
    store: Store, checked: datetime | None, checks: int
) -> None:
    store.found["find_news"] = [ran("retention", checked)] if checked else []
    bucket = Aged()
    retention = Retention(
        store,
        Ledger(store, 100),
        bucket,
        bucket.overdue_on_hold,
        now=lambda: NOW,
        retention_days=100,
    )
    found = await retention.check_daily()
    assert (found is not None) == bool(checks)
    names = [name for name, _ in store.asked]
    assert names == ["find_news"] + checks * ["find_overdue", "record_run"]


@pytest.mark.parametrize("failing", ["find_news", "find_overdue", "record_run"])
async def test_a_check_that_failed_is_repeated_by_the_next_sweep(
    store: Store, failing: str
) -> None:
    store.failing = {failing}
    bucket = Aged()
    retention = Retention(
        store,
        Ledger(store, 100),
        bucket,
        bucket.overdue_on_hold,
        now=lambda: NOW,
        retention_days=100,
    )
    found = await retention.check_daily()
    assert found is not None
    assert (found.ok, bool(found.unknown)) == (False, True)
    assert "record_run" not in [name for name, _ in store.asked]
