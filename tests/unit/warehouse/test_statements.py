"""A statement never runs in two jobs at once, even if requests about it fail or get lost."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from google.auth.exceptions import TransportError

from functions.warehouse.jobs import CANCEL_SECONDS
from functions.warehouse.schema import SQL, Warehouse
from functions.warehouse.statements import (
    RESERVED_SHARE,
    RETRY_DELAYS,
    Limits,
    Reservation,
    StatementFailed,
    Statements,
)
from tests.fakes.clock import Clock
from tests.unit.warehouse.job_service import JobService, Lost, RefusedJob

DAY = datetime(2026, 11, 22, tzinfo=UTC)
VARIABLES = Warehouse("p.store", "p.bi").variables()
LABEL = re.compile(r"[a-z0-9_-]{1,63}")


@pytest.fixture
def service() -> JobService:
    return JobService(Clock(0.0))


@pytest.fixture
def statements(service: JobService) -> Statements:
    return runner(service)


def runner(service: JobService, **given: Any) -> Statements:
    clock = service.clock
    options: dict[str, Any] = {"seconds": 100, "clock": clock, "sleep": clock.sleep} | given
    return Statements("operate", service.client, VARIABLES, **options)


def attempts(service: JobService) -> list[str]:
    """Return the numbers of the attempts of a statement, from the ids of its jobs."""
    inserted = list(service.jobs)
    runs = {job.rsplit("-", 1)[0] for job in inserted}
    assert len(runs) == 1
    return [job.rsplit("-", 1)[1] for job in inserted]


async def test_a_statement_is_its_file_with_names_and_parameters(
    service: JobService, statements: Statements
) -> None:
    assert await statements.change("delete_copies", day=DAY) == 3
    assert await statements.days("find_days_with_extra", first=DAY, end=DAY) == [DAY]
    first, second = service.jobs.values()
    config = first["configuration"]
    assert "DELETE FROM `p.store.events_v1`" in config["query"]["query"]
    [given] = config["query"]["queryParameters"]
    assert (given["name"], given["parameterType"]) == ("day", {"type": "TIMESTAMP"})
    assert config["labels"] == {"function": "operate", "statement": "delete_copies"}
    assert config["jobTimeoutMs"] == "100000"
    assert "maximumBytesBilled" not in config["query"]
    assert first["jobReference"]["jobId"].startswith("operate-delete_copies-")
    assert second["jobReference"]["jobId"] != first["jobReference"]["jobId"]
    assert service.verbs() == ["insert", "insert", "rows"], "a change returns no rows"


@pytest.mark.parametrize(("seconds", "limit"), [(20, "20000"), (1_000, "100000")])
async def test_a_time_limit_can_be_shortened_and_not_extended(
    service: JobService, statements: Statements, seconds: float, limit: str
) -> None:
    await statements.within(seconds).change("delete_copies", day=DAY)
    await statements.change("delete_copies", day=DAY)
    limited, usual = service.jobs.values()
    assert limited["configuration"]["jobTimeoutMs"] == limit
    assert usual["configuration"]["jobTimeoutMs"] == "100000"


async def test_with_no_time_left_nothing_is_begun(
    service: JobService, statements: Statements
) -> None:
    with pytest.raises(StatementFailed) as failed:
        await statements.within(0).change("delete_copies", day=DAY)
    assert (failed.value.kind, service.jobs) == ("noTime", {})


async def test_a_statement_that_takes_long_is_waited_for(
    service: JobService, statements: Statements
) -> None:
    service.seconds = 60
    assert await statements.change("clear_extra", day=DAY) == 3
    assert attempts(service) == ["1"]
    assert max(service.clock.pauses) <= 2
    assert "cancel" not in service.verbs()


@pytest.mark.parametrize("carried_out", [True, False])
async def test_a_begin_without_an_answer_is_never_a_second_job(
    service: JobService, statements: Statements, *, carried_out: bool
) -> None:
    service.seconds = 5
    service.answers["insert"] = [Lost(carried_out), RefusedJob(503), RefusedJob(429)]
    assert await statements.change("clear_extra", day=DAY) == 3
    assert attempts(service) == ["1"]
    assert len({job for _, job in service.asked}) == 1


async def test_a_job_that_is_not_found_just_after_it_began_is_looked_for_again(
    service: JobService, statements: Statements
) -> None:
    service.answers |= {"insert": [Lost(carried_out=True)], "get": [RefusedJob(404, "notFound")]}
    assert await statements.change("clear_extra", day=DAY) == 3
    assert attempts(service) == ["1"]


@pytest.mark.parametrize(
    "answer", [RefusedJob(503), RefusedJob(404), RefusedJob(403), Lost(carried_out=True)]
)
async def test_a_look_without_an_answer_is_repeated(
    service: JobService, statements: Statements, answer: RefusedJob | Lost
) -> None:
    service.seconds = 1
    service.answers["get"] = [answer, answer]
    assert await statements.change("clear_extra", day=DAY) == 3
    assert attempts(service) == ["1"]


async def test_rows_that_did_not_come_are_asked_for_again(
    service: JobService, statements: Statements
) -> None:
    service.answers["rows"] = [RefusedJob(503), Lost(carried_out=True)]
    assert await statements.days("find_days_with_extra", first=DAY, end=DAY) == [DAY]
    assert service.verbs().count("rows") == 3
    assert attempts(service) == ["1"]
    service.answers["rows"] = [RefusedJob(403, "accessDenied")]
    with pytest.raises(StatementFailed, match="accessDenied"):
        await statements.days("find_days_with_extra", first=DAY, end=DAY)


@pytest.mark.parametrize(
    "error",
    [
        ("invalidQuery", "Could not serialize access to table t due to concurrent update"),
        ("resourcesExceeded", "Too many DML statements outstanding against table t, limit is 20"),
        ("rateLimitExceeded", "secret"),
        ("backendError", "secret"),
        ("notFound", "secret"),
    ],
)
async def test_a_job_that_ended_in_an_error_is_followed_by_another(
    service: JobService, statements: Statements, error: tuple[str, str]
) -> None:
    service.errors = [error, error]
    assert await statements.change("clear_extra", day=DAY) == 3
    assert attempts(service) == ["1", "2", "3"]
    assert service.clock.pauses == list(RETRY_DELAYS[:2])


async def test_a_refusal_to_begin_is_an_error_of_the_job(
    service: JobService, statements: Statements
) -> None:
    service.answers["insert"] = [RefusedJob(403, "rateLimitExceeded"), None]
    assert await statements.change("clear_extra", day=DAY) == 3
    assert [job[-1] for job in service.jobs] == ["2"]


@pytest.mark.parametrize("reason", ["invalidQuery", "accessDenied", "bytesBilledLimitExceeded"])
@pytest.mark.parametrize("at_once", [True, False])
async def test_a_statement_that_can_never_succeed_is_not_repeated_or_quoted(
    service: JobService,
    statements: Statements,
    capsys: pytest.CaptureFixture[str],
    reason: str,
    *,
    at_once: bool,
) -> None:
    if at_once:
        service.answers["insert"] = [RefusedJob(400, reason)]
    else:
        service.errors = [(reason, "secret")]
    with pytest.raises(StatementFailed, match=reason):
        await statements.change("clear_extra", day=DAY)
    assert service.verbs() == ["insert"]
    logged = capsys.readouterr().out
    assert f'"error":"{reason}"' in logged
    assert "secret" not in logged


async def test_a_statement_that_fails_at_every_attempt_is_given_up(
    service: JobService, statements: Statements, capsys: pytest.CaptureFixture[str]
) -> None:
    service.errors = [("backendError", "secret")] * 4
    with pytest.raises(StatementFailed, match="backendError"):
        await statements.change("clear_extra", day=DAY)
    assert attempts(service) == ["1", "2", "3", "4"]
    assert service.clock.pauses == list(RETRY_DELAYS)
    assert "secret" not in capsys.readouterr().out


async def test_all_attempts_together_take_no_longer_than_the_statement_may(
    service: JobService,
) -> None:
    service.seconds = 7
    service.errors = [("backendError", "")] * 9
    with pytest.raises(StatementFailed, match="backendError"):
        await runner(service, seconds=20).change("clear_extra", day=DAY)
    assert attempts(service) == ["1", "2"], "no time is left for a third attempt"
    left = [int(job["configuration"]["jobTimeoutMs"]) for job in service.jobs.values()]
    assert left[0] == 20_000
    assert 11_000 < left[1] < 13_000


async def test_a_job_that_exceeds_its_time_is_cancelled(
    service: JobService, statements: Statements, capsys: pytest.CaptureFixture[str]
) -> None:
    service.seconds = 1_000
    with pytest.raises(StatementFailed, match="stopped"):
        await statements.change("clear_extra", day=DAY)
    assert attempts(service) == ["1"]
    assert service.verbs()[-1] == "cancel"
    assert service.clock.now == 100
    assert "may still run" not in capsys.readouterr().out


async def test_a_job_that_succeeds_while_it_is_cancelled_has_succeeded(
    service: JobService, statements: Statements
) -> None:
    service.seconds, service.obeys = 104, False
    service.answers["cancel"] = [RefusedJob(503)]
    assert await statements.change("clear_extra", day=DAY) == 3
    assert service.verbs().count("cancel") == 2


async def test_a_job_that_does_not_end_is_reported_as_running(
    service: JobService, statements: Statements, capsys: pytest.CaptureFixture[str]
) -> None:
    service.seconds, service.obeys = 1_000, False
    with pytest.raises(StatementFailed, match="unfinished"):
        await statements.change("clear_extra", day=DAY)
    [job] = service.jobs
    assert service.clock.now == 100 + CANCEL_SECONDS
    assert f'"severity":"ERROR","message":"statement may still run","statement":"clear_extra","job":"{job}"' in capsys.readouterr().out  # fmt: skip # noqa: E501


@pytest.mark.parametrize("carried_out", [True, False])
async def test_a_job_that_may_have_begun_is_also_cancelled(
    service: JobService, statements: Statements, *, carried_out: bool
) -> None:
    service.seconds = 1_000
    service.answers["insert"] = [Lost(carried_out), *[RefusedJob(503)] * 99]
    with pytest.raises(StatementFailed, match="stopped" if carried_out else "unfinished"):
        await statements.change("clear_extra", day=DAY)
    assert "cancel" in service.verbs()


async def test_credentials_that_cannot_be_had_are_asked_for_again(service: JobService) -> None:
    client = service.client()
    real, failures = client._http.request, [TransportError(), TransportError()]

    def request(*args: Any, **options: Any) -> Any:
        if failures:
            raise failures.pop()
        return real(*args, **options)

    client._http.request = request
    statements = runner(service)
    statements._jobs._open_client = lambda: client
    assert await statements.change("clear_extra", day=DAY) == 3


async def test_only_so_many_changes_are_under_way(service: JobService) -> None:
    statements = runner(service, limits=Limits(asyncio.Semaphore(2), 10, stops=True))
    most = 0

    async def sleep(seconds: float) -> None:
        nonlocal most
        running = [job for job in service.jobs.values() if job["ends"] > service.clock.now]
        most = max(most, len(running))
        await asyncio.sleep(0)
        service.clock.now += seconds

    statements._jobs._sleep = sleep
    service.seconds = 1
    await asyncio.gather(*(statements.change("clear_extra", day=DAY) for _ in range(6)))
    assert most == 2
    assert len(service.jobs) == 6


async def test_a_statement_that_waited_until_its_time_was_over_does_not_begin(
    service: JobService,
) -> None:
    changes = asyncio.Semaphore(1)
    statements = runner(service, limits=Limits(changes, 10, stops=True))
    await changes.acquire()
    waiting = asyncio.create_task(statements.change("clear_extra", day=DAY))
    await asyncio.sleep(0)
    service.clock.now = 100
    changes.release()
    with pytest.raises(StatementFailed, match="noTime"):
        await waiting
    assert service.asked == []


@pytest.mark.parametrize("stops", [True, False])
async def test_a_statement_above_the_limit_is_stopped_or_logged(
    service: JobService, capsys: pytest.CaptureFixture[str], *, stops: bool
) -> None:
    service.billed = 11
    statements = runner(service, limits=Limits(asyncio.Semaphore(1), 10, stops))
    assert await statements.change("clear_extra", day=DAY) == 3
    [job] = service.jobs.values()
    assert job["configuration"]["query"].get("maximumBytesBilled") == ("10" if stops else None)
    logged = capsys.readouterr().out
    assert '"severity":"ERROR","message":"statement billed too much"' in logged
    assert '"bytes":11,"limit":10' in logged
    service.billed = 10
    await statements.change("clear_extra", day=DAY)
    assert capsys.readouterr().out == ""


SLOTS = "projects/p/locations/europe-west1/reservations/r"


def reserved(service: JobService) -> Statements:
    """Return statements, one of which may run in a reservation."""
    reservation = Reservation(SLOTS, {"clear_extra"})
    limits = Limits(asyncio.Semaphore(1), 10, stops=False, reservation=reservation)
    return runner(service, limits=limits)


def reservations(service: JobService) -> list[str | None]:
    """Return the reservations that the jobs name, in order."""
    return [job["configuration"].get("reservation") for job in service.jobs.values()]


async def test_only_the_statements_of_a_reservation_name_it(service: JobService) -> None:
    statements = reserved(service)
    assert await statements.change("clear_extra", day=DAY) == 3
    assert await statements.change("delete_copies", day=DAY) == 3
    assert reservations(service) == [SLOTS, None]


@pytest.mark.parametrize("reason", ["accessDenied", "invalid", "notFound"])
@pytest.mark.parametrize("at_once", [True, False])
async def test_a_statement_that_a_reservation_refuses_runs_at_the_on_demand_price(
    service: JobService, reason: str, *, at_once: bool
) -> None:
    if at_once:
        service.answers["insert"] = [RefusedJob(403, reason)]
    else:
        service.errors = [(reason, "secret")]
    assert await reserved(service).change("clear_extra", day=DAY) == 3
    assert reservations(service)[-1] is None
    assert service.verbs().count("insert") == 2


async def test_an_invalid_statement_also_fails_at_the_on_demand_price(service: JobService) -> None:
    service.errors = [("invalidQuery", "")] * 9
    with pytest.raises(StatementFailed, match="invalidQuery"):
        await reserved(service).change("clear_extra", day=DAY)
    assert reservations(service) == [SLOTS, None]


async def test_a_reservation_that_is_too_small_takes_a_part_of_the_time(
    service: JobService,
) -> None:
    service.seconds = 1_000
    with pytest.raises(StatementFailed, match="stopped"):
        await reserved(service).change("clear_extra", day=DAY)
    assert reservations(service) == [SLOTS, None]
    first, second = (int(job["configuration"]["jobTimeoutMs"]) for job in service.jobs.values())
    assert first == 100_000 * RESERVED_SHARE
    assert 45_000 < second < 50_000, "the pause before the next attempt takes a second"
    assert service.clock.now == 100


def test_every_statements_name_can_be_a_label() -> None:
    names = [*SQL.glob("operate/*.sql"), *SQL.glob("privacy/*.sql"), *SQL.glob("dashboard/*.sql")]
    assert names
    assert [file.stem for file in names if not LABEL.fullmatch(file.stem)] == []
