"""An execution of erasures begins when enough erasures are due or one has waited long enough."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from functions.privacy.periods import GATHERING, OVERDUE, RELEASED_HOLD
from functions.privacy.sweep.work import Work, find_work
from tests.fakes.statements import Statements

NOW = datetime(2026, 11, 22, 12, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NOTHING = Work(0, 0, 0, 0, 0, 0, None, None, 0, None)
YOUNG = NOTHING._replace(waiting_since=NOW - GATHERING + MINUTE, cut_off=NOW)


@pytest.mark.parametrize(
    "work",
    [
        YOUNG._replace(waiting_since=NOW - GATHERING),
        YOUNG._replace(immediate=1),
        YOUNG._replace(begun=1),
        YOUNG._replace(is_named=True),
    ],
)
def test_an_execution_begins(work: Work) -> None:
    assert work.begins(NOW)


@pytest.mark.parametrize(
    "work",
    [NOTHING, YOUNG, NOTHING._replace(begun=1), NOTHING._replace(is_named=True)],
)
def test_no_execution_begins(work: Work) -> None:
    assert not work.begins(NOW)


def finding(work: Work) -> Statements:
    """Return statements in which the only query finds this work."""
    statements = Statements(rows=None, changed=None)
    statements.answers["find_work"] = [work._asdict()]
    return statements


async def test_all_work_is_found_by_one_statement() -> None:
    statements = finding(YOUNG)
    assert await find_work(statements, [], NOW) == YOUNG
    assert await find_work(statements, ["e"], NOW) == YOUNG._replace(is_named=True)
    parameters = {
        "now": NOW,
        "overdue_since": NOW - OVERDUE,
        "holds_over_since": NOW - RELEASED_HOLD,
    }
    assert statements.runs == [
        ("find_work", parameters | {"erasure_ids": []}),
        ("find_work", parameters | {"erasure_ids": ["e"]}),
    ]


async def test_overdue_erasures_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    await find_work(finding(YOUNG), [], NOW)
    assert capsys.readouterr().out == ""
    await find_work(finding(YOUNG._replace(overdue=3)), [], NOW)
    line = json.loads(capsys.readouterr().out)
    assert (line["severity"], line["message"], line["erasures"]) == ("ERROR", "erasures overdue", 3)
