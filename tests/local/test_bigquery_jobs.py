"""The stand-in's jobs follow the service: ids, locations, the queue, cancelling and time limits."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from google.api_core.exceptions import Conflict, GoogleAPIError, NotFound
from google.cloud import bigquery

from functions.warehouse.statements import Limits, Reservation, Statements
from local.bigquery_jobs import RATE, RUNNING, WAITING, Job, Jobs, Tables, TooManyBegun
from local.clients import ONCE
from tests.sql.stand_in import WAREHOUSE, StandIn, connect, running

DAY = datetime(2026, 11, 22, tzinfo=UTC)
ANSWER = {"status": {"state": "DONE"}, "statistics": {}}
TABLE = f"{WAREHOUSE.store}.numbers"
RESERVATION = "projects/local/locations/europe-west1/reservations/chat-eu-erasures"


class Rig:
    """Jobs whose statements end when `let` is set."""

    def __init__(self, rate: int = 0) -> None:
        self.now = 0.0
        self.jobs = Jobs(Tables(rate, lambda: self.now))
        self.let = asyncio.Event()
        self.begun: list[str] = []

    def begin(self, job_id: str, kind: str = "UPDATE", **configuration: Any) -> Job:
        async def execute() -> dict[str, Any]:
            self.begun.append(job_id)
            await self.let.wait()
            return ANSWER

        reference = {"projectId": "p", "jobId": job_id, "location": "europe-west1"}
        return self.jobs.begin(reference, configuration, (kind, "p:d.t" if kind else ""), execute)


async def settled(done: Callable[[], bool] = lambda: False) -> None:
    for _ in range(20):
        await asyncio.sleep(0)
        if done():
            return


async def test_two_run_and_twenty_wait_and_the_next_one_fails() -> None:
    rig = Rig()
    jobs = [rig.begin(f"j{number}") for number in range(RUNNING + WAITING + 1)]
    query, insert = rig.begin("query", ""), rig.begin("insert", "INSERT")
    await settled()
    assert [job.state for job in jobs] == ["RUNNING"] * 2 + ["PENDING"] * 20 + ["DONE"]
    status = jobs[-1].resource()["status"]["errorResult"]
    assert status["reason"] == "resourcesExceeded"
    assert "Too many DML statements outstanding against table p:d.t, limit is 20" in str(status)
    assert query.state == insert.state == "RUNNING", "only mutating statements wait for each other"
    rig.let.set()
    await asyncio.gather(*(job.wait(1) for job in jobs))
    assert len(rig.begun) == RUNNING + WAITING + 2
    assert rig.begin("later").reference["jobId"] == "later"
    await settled()
    assert rig.begun[-1] == "later", "the job can begin when another one has ended"


async def test_a_waiting_job_can_be_cancelled_and_a_running_one_cannot() -> None:
    rig = Rig()
    jobs = [rig.begin(f"j{number}") for number in range(3)]
    await settled()
    for job in jobs:
        job.stop("told to")
    rig.let.set()
    assert [await job.wait(1) for job in jobs] == [True] * 3
    assert [job.failure() is None for job in jobs] == [True, True, False]
    assert jobs[2].resource()["status"]["errorResult"] == {
        "reason": "stopped",
        "message": "told to",
    }
    assert rig.begun == ["j0", "j1"]


async def test_a_job_that_waits_too_long_is_stopped() -> None:
    rig = Rig()
    [*_, last] = [rig.begin(f"j{number}", jobTimeoutMs="10") for number in range(3)]
    assert await last.wait(1)
    failure = last.failure()
    assert failure is not None
    assert (failure.bq_reason, failure.http_status) == ("stopped", 499)
    assert "timed out after 0.01 sec" in failure.message


async def test_the_number_of_changes_in_ten_seconds_is_limited() -> None:
    rig = Rig(RATE)
    rig.let.set()
    kinds = ["INSERT", "UPDATE"] * RATE
    for number in range(RATE):
        assert await rig.begin(f"a{number}", kinds[number]).wait(1)
    refused = rig.begin("b", "INSERT")
    assert await refused.wait(1)
    assert isinstance(refused.failure(), TooManyBegun)
    rig.now = 10.0
    again = rig.begin("c", "INSERT")
    assert await again.wait(1)
    assert again.failure() is None


async def test_a_job_that_raises_an_error_has_failed(capsys: pytest.CaptureFixture[str]) -> None:
    async def execute() -> dict[str, Any]:
        raise KeyError("secret")

    jobs = Jobs(Tables())
    reference = {"projectId": "p", "jobId": "j", "location": "US"}
    job = jobs.begin(reference, {}, ("", ""), execute)
    assert await job.wait(1)
    assert job.resource()["status"]["errorResult"]["reason"] == "internalError"
    assert "KeyError" in capsys.readouterr().err


class Adding(Statements):
    """Statements that all add 1 to a number."""

    def _text(self, name: str) -> str:
        return f"UPDATE `{TABLE}` SET n = n + 1 WHERE TRUE"


@pytest.fixture(scope="module")
def own() -> Iterator[StandIn]:
    with running("--reservation", RESERVATION) as stand_in:
        client = connect(stand_in)
        dataset = bigquery.Dataset(WAREHOUSE.store)
        dataset.location = "europe-west1"
        client.create_dataset(dataset)
        client.query(f"CREATE TABLE `{TABLE}` (n INT64)").result()
        yield stand_in


@pytest.mark.cell
def test_a_job_is_found_by_its_id_and_location(own: StandIn) -> None:
    client = connect(own)
    begun = client.query(f"INSERT INTO `{TABLE}` VALUES (1)", job_id="mine", job_retry=None)
    begun.result()
    with pytest.raises(Conflict, match="Already Exists: Job local:mine"):
        client.query(f"INSERT INTO `{TABLE}` VALUES (1)", job_id="mine", retry=ONCE, job_retry=None)
    found = client.get_job("mine")
    assert isinstance(found, bigquery.QueryJob)
    assert (found.state, found.location, found.num_dml_affected_rows) == ("DONE", "europe-west1", 1)
    with pytest.raises(NotFound):
        client.get_job("mine", location="US", retry=ONCE)
    with pytest.raises(NotFound):
        client.cancel_job("mine", location="US", retry=ONCE)
    assert client.cancel_job("mine").state == "DONE", "the job has ended before"
    [(count,)] = client.query(f"SELECT COUNT(*) FROM `{TABLE}`").result()
    assert count == 1


@pytest.mark.cell
def test_a_failed_job_has_its_reason(own: StandIn) -> None:
    client = connect(own)
    begun = client.query("SELECT nothing FROM nowhere.at_all", job_id="bad", job_retry=None)
    assert begun.error_result is not None
    with pytest.raises(GoogleAPIError):
        begun.result(job_retry=None)
    assert client.get_job("bad").error_result == begun.error_result


@pytest.mark.cell
async def test_statements_at_the_same_time_all_succeed(own: StandIn) -> None:
    """More statements come than the limits allow, and refused ones are repeated."""
    client = connect(own)

    async def quickly(seconds: float) -> None:
        await asyncio.sleep(seconds / 20)

    statements = Adding("operate", lambda: client, {}, seconds=60, sleep=quickly)
    await asyncio.gather(*(statements.change("clear_extra", day=DAY) for _ in range(60)))
    [(counted,)] = client.query(f"SELECT MAX(n) FROM `{TABLE}`").result()
    assert counted == 61


@pytest.mark.cell
@pytest.mark.parametrize(
    ("reservation", "attempts"),
    [
        (RESERVATION, 1),
        (RESERVATION + "-of-before", 2),
        (RESERVATION.replace("europe-west1", "us-central1"), 2),
        ("none", 2),
    ],
)
async def test_a_refused_reservation_stops_no_statement(
    own: StandIn, monkeypatch: pytest.MonkeyPatch, reservation: str, attempts: int
) -> None:
    client = connect(own)
    named: list[str | None] = []

    def query(sql: str, **options: Any) -> bigquery.QueryJob:
        named.append(options["job_config"].reservation)
        return real(sql, **options)

    real = client.query
    monkeypatch.setattr(client, "query", query)
    limits = Limits(
        asyncio.Semaphore(),
        10**12,
        stops=False,
        reservation=Reservation(reservation, {"clear_extra"}),
    )
    statements = Adding("operate", lambda: client, {}, seconds=60, limits=limits)
    assert await statements.change("clear_extra", day=DAY) == 1
    assert named == [reservation, None][:attempts]
