"""Who may have a sweep run, and what is answered."""

import json
from collections import Counter

import pytest

from functions.privacy.caller import Caller
from functions.privacy.departed import Deadline
from functions.privacy.offboardings import OffboardingReport
from functions.privacy.refusal import Refused
from functions.privacy.retention import Checked, Kept
from functions.privacy.routes import Asked
from functions.privacy.sweep import SweepReport
from functions.privacy.sweeping import Sweeping
from tests.functions.privacy.leaving import NothingLate
from tests.functions.privacy.stand_ins import NOW

SCHEDULER = Caller("scheduler@cell.example", is_scheduler=True)
OPERATOR = Caller("ops@cell.example", is_operator=True, projects=frozenset({"dev"}))


class Swept:
    """A sweep with a report."""

    def __init__(self, report: SweepReport) -> None:
        self.report = report
        self.runs = 0

    async def run(self) -> SweepReport:
        self.runs += 1
        return self.report


class Leaving:
    """Offboardings with a report."""

    def __init__(self, report: OffboardingReport, *, is_over: bool = False) -> None:
        self.report = report
        self.is_over = is_over

    def deadline(self) -> Deadline:
        return lambda: self.is_over

    async def sweep(self, is_over: Deadline) -> OffboardingReport:
        return self.report


NOTHING = OffboardingReport(finished=True)


@pytest.mark.parametrize(
    "caller",
    [
        Caller("partner@acme.example", projects=frozenset({"dev"})),
        Caller("push@cell.example", is_push=True),
        Caller("nobody@example.com"),
    ],
)
async def test_others_are_refused_before_anything_is_done(caller: Caller) -> None:
    swept = Swept(SweepReport())
    with pytest.raises(Refused) as refused:
        await Sweeping(swept, Leaving(NOTHING), NothingLate()).post(Asked(caller))
    assert (refused.value.status, swept.runs) == (403, 0)


@pytest.mark.parametrize("caller", [SCHEDULER, OPERATOR])
async def test_the_scheduler_and_operators_get_the_report(
    caller: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    report = SweepReport(
        finished=True,
        executed={"e": {"events_deleted": 2}},
        rows=Counter({"delete_events": 2}),
        places=Counter({"spill_deleted": 1}),
    )
    response = await Sweeping(Swept(report), Leaving(NOTHING), NothingLate()).post(Asked(caller))
    assert response.status_code == 200
    answer = json.loads(bytes(response.body))
    assert answer["executed"] == {"e": {"events_deleted": 2}}
    assert answer["rows"] == {"delete_events": 2}
    assert answer["places"] == {"spill_deleted": 1}
    assert json.loads(capsys.readouterr().out)["executed"] == 1  # no ids where nobody needs them


async def test_what_is_left_is_202() -> None:
    response = await Sweeping(Swept(SweepReport()), Leaving(NOTHING), NothingLate()).post(
        Asked(SCHEDULER)
    )
    assert response.status_code == 202
    left = OffboardingReport(finished=False)
    done = SweepReport(finished=True)
    response = await Sweeping(Swept(done), Leaving(left), NothingLate()).post(Asked(SCHEDULER))
    assert response.status_code == 202


@pytest.mark.parametrize("unavailable", ["", "claim: ServiceUnavailable"])
async def test_every_sweep_tells_what_is_kept_too_long(unavailable: str) -> None:
    late = Kept("events_v1", 215, "late", 3)
    retention = NothingLate(
        Checked(ok=False, asked_at=NOW, places=[late, Kept("spill/", 28, "ok")])
    )
    report = SweepReport(finished=not unavailable, unavailable=unavailable)
    sweeping = Sweeping(Swept(report), Leaving(NOTHING), retention)
    if unavailable:
        with pytest.raises(Refused):
            await sweeping.post(Asked(SCHEDULER))
    else:
        answer = await sweeping.post(Asked(SCHEDULER))
        assert (answer.status_code, json.loads(bytes(answer.body))["late"]) == (
            200,
            {"events_v1": 3},
        )
    assert retention.checks == 1


async def test_what_could_not_be_checked_is_no_success() -> None:
    retention = NothingLate(
        Checked(ok=False, asked_at=NOW, places=[Kept("spill/", 28, "unknown", None)])
    )
    with pytest.raises(Refused, match="retention of spill/") as refused:
        await Sweeping(Swept(SweepReport(finished=True)), Leaving(NOTHING), retention).post(
            Asked(SCHEDULER)
        )
    assert refused.value.status == 503


async def test_the_check_is_left_to_the_next_sweep_where_the_time_is_over() -> None:
    retention = NothingLate()
    leaving = Leaving(NOTHING, is_over=True)
    answer = await Sweeping(Swept(SweepReport(finished=True)), leaving, retention).post(
        Asked(SCHEDULER)
    )
    assert (answer.status_code, retention.checks) == (202, 0)


async def test_what_did_not_answer_is_503() -> None:
    report = SweepReport(unavailable="claim: ServiceUnavailable")
    with pytest.raises(Refused) as refused:
        await Sweeping(Swept(report), Leaving(NOTHING), NothingLate()).post(Asked(SCHEDULER))
    assert refused.value.status == 503
    assert refused.value.headers == {"Retry-After": "60"}
