"""The wait for a row ends when the row comes, at the time limit, or when queries are refused."""

from typing import Any

import httpx
import pytest
from google.api_core.exceptions import Forbidden

from tests.verify.cells import a_cell
from tests.verify.test_webhooks import OWN, client
from verify.finding import Finding
from verify.rows import check_rows


class Jobs:
    """Answers each query with the next number of rows, and repeats the last one."""

    def __init__(self, *counts: int | Exception) -> None:
        self.counts = list(counts)
        self.queries: list[str] = []

    def query(self, sql: str, **_options: Any) -> "Jobs":
        self.queries.append(sql)
        return self

    def result(self, **_options: Any) -> list[tuple[int]]:
        count = self.counts.pop(0) if len(self.counts) > 1 else self.counts[0]
        if isinstance(count, Exception):
            raise count
        return [(count,)]


def rows(jobs: Jobs, within: float, http: httpx.Client | None = None) -> list[Finding]:
    slept: list[float] = []
    results = list(check_rows(http or client(), jobs, a_cell(), within, slept.append))
    assert sum(slept) <= within
    return results


def test_rows_that_come_hold() -> None:
    jobs = Jobs(0, 0, 1)
    test, tagged = rows(jobs, 60)

    assert (test.state, tagged.state) == ("holds", "holds")
    assert test.subject == "Test event"
    assert "test_deliveries" in jobs.queries[0]
    assert "`local.chat_eu.events`" in jobs.queries[-1]
    assert tagged.figures["seconds"] >= 0


@pytest.mark.parametrize("count", [0, 2])
def test_a_row_that_does_not_come_or_comes_twice_fails(count: int) -> None:
    results = rows(Jobs(count), 0.2)

    assert [finding.state for finding in results] == ["fails", "fails"]
    assert results[0].detail.startswith("accepted, but not in test_deliveries")


def test_if_queries_are_refused_rows_are_not_checked() -> None:
    results = rows(Jobs(Forbidden("no")), 60)

    assert {finding.state for finding in results} == {"not checked"}


def test_an_event_that_is_refused_fails() -> None:
    refusing = client(lambda _request: httpx.Response(503, json={"reason": "queue_full"}))
    results = rows(Jobs(1), 60, refusing)

    assert {(finding.state, finding.detail) for finding in results} == {
        ("fails", "HTTP 503 queue_full")
    }


def test_a_signed_webhook_and_an_unknown_token_are_not_checked() -> None:
    signing = client(lambda _request: httpx.Response(401, json={"reason": "signature_invalid"}))
    unknown = a_cell(webhooks={"acme": {"own": OWN}})

    assert {finding.state for finding in rows(Jobs(1), 60, signing)} == {"not checked"}
    assert [finding.state for finding in check_rows(client(), Jobs(1), unknown, 60)] == [
        "not checked"
    ]
