"""`make verify` on a running cell finds no fault in a healthy cell, and reports each fault.

A small server answers requests for which there is no stand-in, such as one for a scheduler's job.
"""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from functions.warehouse.parameters import declared
from functions.warehouse.schema import list_views
from local import provision
from local.cell import Cell
from local.clients import ONCE, warehouse
from tests.fakes import google as fake_google
from verify import __main__ as command

pytestmark = pytest.mark.cell

JOB = "projects/local/locations/europe-west1/jobs/chat-eu-sweep"
NOBODY = "http://127.0.0.1:1"
Change = Callable[[dict[str, Any]], None]


def outputs(description: dict[str, Any]) -> dict[str, Any]:
    """Return the outputs that Terraform would print if it had created the running cell."""
    urls = {"events": description["events_url"], "rooms": description["rooms_url"]}
    return {
        "cells": {
            "value": {
                "eu": {
                    "region": description["location"],
                    "project_id": description["project"],
                    "topics": fake_google.TOPICS,
                    "secrets": fake_google.SECRETS,
                    "buckets": ["local-chat-eu"],
                    "datasets": {
                        "store": description["store_dataset"],
                        "bi": description["bi_dataset"],
                        "partners": {},
                    },
                    "endpoints": {
                        "bigquery": description["bigquery"],
                        "storage": description["storage"],
                        "pubsub": f"http://{description['pubsub']}",
                        "secrets": NOBODY,
                        "scheduler": NOBODY,
                    },
                    "projects": {"demo": ["dev", "partner-prod"]},
                }
            }
        },
        "calls": {
            "value": {
                "eu": {
                    "functions": {
                        name: description["functions"][name] for name in ("operate", "privacy")
                    },
                    "subscriptions": {
                        Cell.subscription: {"endpoint": description["functions"]["load"]},
                        Cell.privacy_subscription: {
                            "endpoint": f"{description['functions']['privacy']}/stream",
                            "filter": provision.DELETIONS,
                        },
                    },
                    "jobs": {JOB: "https://privacy.example/sweep"},
                }
            }
        },
        "webhook_urls": {"value": {"demo": {"eu": {"1": urls}}}},
    }


class Verdict:
    """The report that the command printed."""

    def __init__(self, code: int, text: str) -> None:
        report = json.loads(text)
        self.code = code
        self.holds = report["holds"]
        self.findings = report["findings"]

    def subjects(self, state: str) -> set[str]:
        return {finding["subject"] for finding in self.findings if finding["state"] == state}

    def detail(self, subject: str) -> str:
        [detail] = [finding["detail"] for finding in self.findings if finding["subject"] == subject]
        return str(detail)


Verify = Callable[..., Verdict]


@pytest.fixture
def verify(description: dict[str, Any], tmp_path: Path) -> Iterator[Verify]:
    """A function that runs the command on the cell's outputs, after a change to them."""
    job = {"state": "ENABLED", "httpTarget": {"uri": "https://privacy.example/sweep"}}
    answers = fake_google.healthy() | {f"/v1/{JOB}": fake_google.Answer(200, job)}
    with fake_google.serving(answers) as google:

        def run(change: Change = lambda _outputs: None, *, within: int = 60) -> Verdict:
            described = outputs(description)
            change(described)
            file = tmp_path / "outputs.json"
            file.write_text(json.dumps(described))
            done = CliRunner().invoke(
                command.main,
                ["--outputs", str(file), "--within", str(within), "--json"],
                env={
                    "SECRETS_ENDPOINT": description["secrets"],
                    "SCHEDULER_ENDPOINT": google.rest,
                },
            )
            assert description["token"] not in done.output
            return Verdict(done.exit_code, done.stdout)

        yield run


@pytest.fixture
def without_dry_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the dry runs of SQL, which take seconds, in tests of other checks."""
    monkeypatch.setattr(command, "check_views", lambda *_arguments: ())
    monkeypatch.setattr(command, "check_statements", lambda *_arguments: ())


def cell_of(described: dict[str, Any]) -> dict[str, Any]:
    cell: dict[str, Any] = described["cells"]["value"]["eu"]
    return cell


@pytest.mark.soak
def test_a_healthy_cell_holds(verify: Verify, cell: Cell) -> None:
    verdict = verify()

    assert verdict.subjects("fails") | verdict.subjects("not checked") == set()
    assert (verdict.code, verdict.holds) == (0, True)
    views = {f"{cell.bi_dataset}.{view.name}" for view in list_views()}
    events = {subject for subject in verdict.subjects("holds") if "event (" in subject}
    assert len(events) == 1
    statements = {f"{folder}/{name}" for folder, of in declared().items() for name in of}
    assert verdict.subjects("holds") - events == views | statements | {
        "events of demo",
        "rooms of demo",
        "receive",
        "operate",
        "privacy",
        "subscription chat-eu-load",
        "subscription chat-eu-privacy",
        "job chat-eu-sweep",
        "Test event",
        "topic chat-eu-events",
        "topic chat-eu-dead",
        "secret chat-eu-partners",
        "secret chat-eu-pseudonym",
        "bucket local-chat-eu",
        "dataset chat_eu_store",
        "dataset chat_eu",
    }


@pytest.mark.usefixtures("without_dry_runs")
def test_a_wrong_token_fails(verify: Verify) -> None:
    def change(described: dict[str, Any]) -> None:
        urls = described["webhook_urls"]["value"]["demo"]["eu"]["1"]
        urls.update({kind: f"{url}x" for kind, url in urls.items()})

    verdict = verify(change)

    assert verdict.code == 1
    assert {"events of demo", "rooms of demo", "Test event"} <= verdict.subjects("fails")
    assert verdict.detail("Test event") == "HTTP 401 token_unknown"


@pytest.mark.usefixtures("without_dry_runs")
def test_another_region_fails_for_every_resource_with_a_location(verify: Verify) -> None:
    verdict = verify(lambda described: cell_of(described).update(region="europe-west3"))

    assert verdict.code == 1
    assert verdict.subjects("fails") == {
        "topic chat-eu-events",
        "topic chat-eu-dead",
        "secret chat-eu-partners",
        "secret chat-eu-pseudonym",
        "bucket local-chat-eu",
        "dataset chat_eu_store",
        "dataset chat_eu",
    }


@pytest.mark.usefixtures("without_dry_runs")
def test_a_missing_resource_fails_and_one_that_does_not_answer_is_not_checked(
    verify: Verify,
) -> None:
    def change(described: dict[str, Any]) -> None:
        cell_of(described)["buckets"] = ["no-such-bucket"]
        cell_of(described)["topics"] = []
        cell_of(described)["secrets"] = ["projects/local/secrets/gone"]
        cell_of(described)["datasets"]["partners"] = {"acme": "no_such_dataset"}
        cell_of(described)["endpoints"]["storage"] = NOBODY

    verdict = verify(change)

    assert verdict.code == 1
    assert verdict.subjects("not checked") == {"bucket no-such-bucket"}
    assert verdict.subjects("fails") == {"secret gone", "dataset no_such_dataset"}


@pytest.mark.usefixtures("without_dry_runs")
def test_a_suspended_loader_fails(verify: Verify, description: dict[str, Any]) -> None:
    with standing_still(description, "load"):
        verdict = verify(within=2)

    assert verdict.code == 1
    assert len(verdict.subjects("fails")) == 2
    assert "Test event" in verdict.subjects("fails")
    assert "not in test_deliveries" in verdict.detail("Test event")


@contextmanager
def standing_still(description: dict[str, Any], function: str) -> Iterator[None]:
    """Suspend one of the cell's functions while the context is open."""
    processes = [
        process
        for process in psutil.Process(description["pid"]).children(recursive=True)
        if ["--target", function] == process.cmdline()[-4:-2]
    ]
    assert processes
    try:
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


@pytest.mark.soak
def test_a_broken_view_and_a_missing_one_fail(verify: Verify, cell: Cell) -> None:
    client = warehouse(cell)
    for statement in (
        "CREATE SCHEMA chat_eu_broken",
        "CREATE TABLE chat_eu_broken.t (x INT64)",
        "CREATE VIEW chat_eu_broken.v AS SELECT x FROM chat_eu_broken.t",
        "DROP TABLE chat_eu_broken.t",
    ):
        client.query(statement, retry=ONCE, job_retry=None).result(retry=ONCE)

    verdict = verify(
        lambda described: cell_of(described)["datasets"].update(partners={"a": "chat_eu_broken"})
    )
    client.delete_dataset("chat_eu_broken", delete_contents=True)

    assert verdict.code == 1
    assert {"chat_eu_broken.v", "chat_eu_broken.events"} <= verdict.subjects("fails")
    assert verdict.detail("chat_eu_broken.events") == "it does not exist"
    assert not {subject for subject in verdict.subjects("fails") if subject.startswith("chat_eu.")}
