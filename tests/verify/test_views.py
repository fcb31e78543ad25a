"""`make verify` dry-runs views: a missing or refused view fails; without permission, it is not
checked.
"""

from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, Forbidden, NotFound

from tests.verify.cells import a_cell
from verify.estimates import in_units
from verify.views import check_views


class Warehouse:
    """Stands for BigQuery with these views; a query with a filter on time reads a tenth."""

    def __init__(
        self, views: dict[str, tuple[str, ...] | Exception], refusal: Exception | None = None
    ) -> None:
        self.views = views
        self.refusal = refusal
        self.all = 10240
        self.before_all = 1024

    def list_tables(self, _dataset: str, **_options: Any) -> list[Any]:
        if self.refusal:
            raise self.refusal
        return [SimpleNamespace(table_id=name) for name in self.views]

    def query(self, sql: str, **_options: Any) -> Any:
        columns = self.views[sql.split("`")[1].rsplit(".", 1)[1]]
        if isinstance(columns, Exception):
            raise columns
        _, _, condition = sql.partition("WHERE ")
        assert not condition or condition.partition(" ")[0] in columns
        read = self.all // 10 if condition else self.all
        if "2020" in condition:
            read = self.before_all
        schema = [SimpleNamespace(name=column) for column in columns]
        return SimpleNamespace(total_bytes_processed=read, schema=schema)


def test_every_view_is_measured() -> None:
    views: dict[str, Any] = {"events": ("received_at",), "days": ("day",), "rooms": ("name",)}
    results = list(check_views(Warehouse(views), a_cell(), "chat_eu", views))

    assert {finding.subject: (finding.state, finding.detail) for finding in results} == {
        "chat_eu.days": ("holds", "one day reads 1.0 KiB, all 10.0 KiB"),
        "chat_eu.events": ("holds", "one day reads 1.0 KiB, all 10.0 KiB"),
        "chat_eu.rooms": ("holds", "reads 10.0 KiB; has no time to filter by"),
    }
    assert results[1].figures == {"bytes_day": 1024, "bytes_before_all": 1024, "bytes_all": 10240}


@pytest.mark.parametrize(
    ("read_of_all", "read_before_all", "state"),
    [
        (2 * 10**9, 2 * 10**8, "fails"),
        (2 * 10**9, 2 * 10**8 - 1, "holds"),
        (10**9, 10**9, "holds"),
    ],
)
@pytest.mark.parametrize("column", ["received_at", "day"])
def test_a_view_that_reads_as_much_for_a_day_without_events_fails(
    column: str, read_of_all: int, read_before_all: int, state: str
) -> None:
    warehouse = Warehouse({"a": (column,)})
    warehouse.all, warehouse.before_all = read_of_all, read_before_all
    [finding] = check_views(warehouse, a_cell(), "chat_eu", ["a"])

    assert finding.state == state
    assert finding.figures["bytes_before_all"] == read_before_all
    assert (f"{column} does not prune" in finding.detail) == (state == "fails")


def test_a_view_that_is_missing_or_broken_fails() -> None:
    broken = BadRequest("Unrecognized name: x\nLocation: europe-west1")
    results = list(check_views(Warehouse({"a": broken}), a_cell(), "chat_eu", ["a", "b"]))

    assert [(finding.subject, finding.state, finding.detail) for finding in results] == [
        ("chat_eu.b", "fails", "it does not exist"),
        ("chat_eu.a", "fails", "Unrecognized name: x"),
    ]


def test_a_view_without_permission_is_not_checked() -> None:
    results = list(check_views(Warehouse({"a": Forbidden("no")}), a_cell(), "chat_eu", ["a"]))

    assert [(finding.state, finding.detail) for finding in results] == [
        ("not checked", "Forbidden")
    ]


@pytest.mark.parametrize(
    ("error", "state"), [(NotFound("no"), "fails"), (Forbidden("no"), "not checked")]
)
def test_a_dataset_that_cannot_be_listed_is_not_a_success(error: Exception, state: str) -> None:
    [finding] = check_views(Warehouse({}, error), a_cell(), "chat_eu", ["a"])

    assert finding.state == state


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (200 * 2**30, "200 GiB"),
        (2**50, "1024 TiB"),
    ],
)
def test_bytes_are_written_in_units(count: int, text: str) -> None:
    assert in_units(count) == text
