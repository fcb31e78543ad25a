"""A job's statements are recorded with their values and their order."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from costs.jobs import JOBS
from costs.recording import RecordedStatements, Recording, jobs_in_a_row
from functions.warehouse.parameters import WrongParameters

MOMENT = datetime(2026, 11, 30, tzinfo=UTC)


async def one_by_one(statements: RecordedStatements) -> None:
    await statements.change("clear_extra", day=MOMENT)
    await statements.change("delete_copies", day=MOMENT)


async def together(statements: RecordedStatements) -> None:
    await asyncio.gather(one_by_one(statements), one_by_one(statements))


def test_statements_that_wait_for_each_other_are_in_a_row() -> None:
    recording = Recording({})
    calls = recording.run(one_by_one(RecordedStatements("operate", recording)))
    assert [(call.name, call.place) for call in calls] == [("clear_extra", 1), ("delete_copies", 2)]
    assert jobs_in_a_row(calls) == 2


def test_statements_that_run_at_the_same_time_count_once() -> None:
    recording = Recording({})
    calls = recording.run(together(RecordedStatements("operate", recording)))
    assert [call.place for call in calls] == [1, 1, 2, 2]
    assert jobs_in_a_row(calls) == 2


def test_a_job_without_statements_has_none_in_a_row() -> None:
    assert jobs_in_a_row([]) == 0


def test_queries_return_their_answers() -> None:
    async def ask(statements: RecordedStatements) -> None:
        days = await statements.days("find_days_with_extra", first=MOMENT, end=MOMENT)
        answers.append(days)
        answers.append(await statements.rows("find_days_with_copies", first=MOMENT, end=MOMENT))

    answers: list[Sequence[object]] = []
    recording = Recording({"find_days_with_extra": [MOMENT]})
    calls = recording.run(ask(RecordedStatements("operate", recording)))
    assert answers == [[MOMENT], []]
    assert calls[0].parameters == {"first": MOMENT, "end": MOMENT}


def test_wrong_parameters_fail_as_they_do_in_bigquery() -> None:
    recording = Recording({})
    with pytest.raises(WrongParameters):
        recording.run(RecordedStatements("operate", recording).change("clear_extra", end=MOMENT))


def test_an_error_of_the_job_is_raised() -> None:
    async def fail() -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        Recording({}).run(fail())


def test_jobs_have_different_names() -> None:
    assert len({job.name for job in JOBS}) == len(JOBS)


def test_log_lines_of_a_job_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    [check] = [job for job in JOBS if job.name == "retention check"]
    assert [call.name for call in check.calls(215)] == ["find_news", "find_overdue", "record_run"]
    assert capsys.readouterr().out == ""
