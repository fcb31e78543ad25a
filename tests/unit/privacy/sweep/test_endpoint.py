"""Who may have a sweep run, and what is answered."""

import json
from collections import Counter
from datetime import datetime, timedelta, timezone

import msgspec
import pytest

from functions.privacy.deadline import Deadline
from functions.privacy.erasures.restored_tables import Restored
from functions.privacy.offboarding.endpoint import OffboardingReport
from functions.privacy.periods import TOMBSTONE
from functions.privacy.reports.retention import Checked, PlaceRetention
from functions.privacy.requests.caller import Caller
from functions.privacy.requests.request import PrivacyRequest
from functions.privacy.sweep.endpoint import SweepEndpoint
from functions.privacy.sweep.job import SweepReport
from functions.web.problem import ProblemError
from tests.unit.privacy.offboarding_cell import NothingLate
from tests.unit.privacy.stand_ins import NOW

SCHEDULER = Caller("scheduler@cell.example", is_scheduler=True)
OPERATOR = Caller("ops@cell.example", is_operator=True, projects=frozenset({"dev"}))


class FakeSweep:
    """A sweep with a report."""

    def __init__(self, report: SweepReport) -> None:
        self.report = report
        self.runs: list[Restored | None] = []

    async def run(self, *, restored: Restored | None = None) -> SweepReport:
        self.runs.append(restored)
        return self.report


class FakeOffboardings:
    """Offboardings with a report."""

    def __init__(self, report: OffboardingReport, *, out_of_time: bool = False) -> None:
        self.report = report
        self.out_of_time = out_of_time
        self.restored: Restored | None = None

    def deadline(self) -> Deadline:
        return lambda: self.out_of_time

    async def sweep(self, out_of_time: Deadline, restored: Restored | None) -> OffboardingReport:
        self.restored = restored
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
    sweep = FakeSweep(SweepReport())
    with pytest.raises(ProblemError) as refused:
        await SweepEndpoint(
            sweep.run, FakeOffboardings(NOTHING), NothingLate().check_daily, lambda: NOW
        ).post(PrivacyRequest(caller))
    assert (refused.value.status, sweep.runs) == (403, [])


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
    response = await SweepEndpoint(
        FakeSweep(report).run, FakeOffboardings(NOTHING), NothingLate().check_daily, lambda: NOW
    ).post(PrivacyRequest(caller))
    assert response.status_code == 200
    answer = json.loads(bytes(response.body))
    assert answer["executed"] == {"e": {"events_deleted": 2}}
    assert answer["rows"] == {"delete_events": 2}
    assert answer["places"] == {"spill_deleted": 1}
    assert json.loads(capsys.readouterr().out)["executed"] == 1  # no ids where nobody needs them


async def test_what_is_left_is_202() -> None:
    response = await SweepEndpoint(
        FakeSweep(SweepReport()).run,
        FakeOffboardings(NOTHING),
        NothingLate().check_daily,
        lambda: NOW,
    ).post(PrivacyRequest(SCHEDULER))
    assert response.status_code == 202
    left = OffboardingReport(finished=False)
    done = SweepReport(finished=True)
    response = await SweepEndpoint(
        FakeSweep(done).run, FakeOffboardings(left), NothingLate().check_daily, lambda: NOW
    ).post(PrivacyRequest(SCHEDULER))
    assert response.status_code == 202


@pytest.mark.parametrize("unavailable", ["", "claim: ServiceUnavailable"])
async def test_a_sweep_that_checks_tells_what_is_kept_too_long(unavailable: str) -> None:
    late = PlaceRetention("events_v1", 215, "late", 3)
    retention = NothingLate(
        Checked(ok=False, asked_at=NOW, places=[late, PlaceRetention("spill/", 28, "ok")])
    )
    report = SweepReport(finished=not unavailable, unavailable=unavailable)
    sweep_endpoint = SweepEndpoint(
        FakeSweep(report).run, FakeOffboardings(NOTHING), retention.check_daily, lambda: NOW
    )
    if unavailable:
        with pytest.raises(ProblemError):
            await sweep_endpoint.post(PrivacyRequest(SCHEDULER))
    else:
        answer = await sweep_endpoint.post(PrivacyRequest(SCHEDULER))
        assert (answer.status_code, json.loads(bytes(answer.body))["late"]) == (
            200,
            {"events_v1": 3},
        )
    assert retention.checks == 1


async def test_a_sweep_that_need_not_check_says_nothing_of_it() -> None:
    retention = NothingLate()
    retention.checked = None
    answer = await SweepEndpoint(
        FakeSweep(SweepReport(finished=True)).run,
        FakeOffboardings(NOTHING),
        retention.check_daily,
        lambda: NOW,
    ).post(PrivacyRequest(SCHEDULER))
    assert answer.status_code == 200
    assert "late" not in json.loads(bytes(answer.body))


async def test_what_could_not_be_checked_is_no_success() -> None:
    retention = NothingLate(
        Checked(ok=False, asked_at=NOW, places=[PlaceRetention("spill/", 28, "unknown", None)])
    )
    with pytest.raises(ProblemError, match="retention of spill/") as refused:
        await SweepEndpoint(
            FakeSweep(SweepReport(finished=True)).run,
            FakeOffboardings(NOTHING),
            retention.check_daily,
            lambda: NOW,
        ).post(PrivacyRequest(SCHEDULER))
    assert refused.value.status == 503


async def test_the_check_is_left_to_the_next_sweep_where_the_time_is_over() -> None:
    retention = NothingLate()
    offboardings = FakeOffboardings(NOTHING, out_of_time=True)
    answer = await SweepEndpoint(
        FakeSweep(SweepReport(finished=True)).run, offboardings, retention.check_daily, lambda: NOW
    ).post(PrivacyRequest(SCHEDULER))
    assert (answer.status_code, retention.checks) == (202, 0)


async def test_what_did_not_answer_is_503() -> None:
    report = SweepReport(unavailable="claim: ServiceUnavailable")
    with pytest.raises(ProblemError) as refused:
        await SweepEndpoint(
            FakeSweep(report).run, FakeOffboardings(NOTHING), NothingLate().check_daily, lambda: NOW
        ).post(PrivacyRequest(SCHEDULER))
    assert refused.value.status == 503
    assert refused.value.headers == {"Retry-After": "60"}


TO, AT = NOW - timedelta(hours=30), NOW - timedelta(minutes=5)


def restored(to: datetime | None = TO, at: datetime | None = AT) -> bytes:
    given = {"restored_to": to, "restored_at": at}
    return msgspec.json.encode({name: value for name, value in given.items() if value})


async def test_an_operator_has_executed_again_what_restored_tables_brought_back() -> None:
    sweep, offboardings = FakeSweep(SweepReport(finished=True)), FakeOffboardings(NOTHING)
    sweep_endpoint = SweepEndpoint(sweep.run, offboardings, NothingLate().check_daily, lambda: NOW)
    body = restored(TO.astimezone(timezone(timedelta(hours=2))))
    assert (await sweep_endpoint.post(PrivacyRequest(OPERATOR, body=body))).status_code == 200
    assert sweep.runs == [Restored(TO, AT, OPERATOR.email)] == [offboardings.restored]
    assert (await sweep_endpoint.post(PrivacyRequest(OPERATOR))).status_code == 200
    assert sweep.runs[1:] == [None] == [offboardings.restored]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (restored(at=None), "Give both"),
        (restored(to=None), "Give both"),
        (restored(AT, TO), "before"),
        (restored(TO, TO), "before"),
        (restored(at=NOW + timedelta(seconds=1)), "future"),
        (restored(NOW - TOMBSTONE - timedelta(seconds=1)), "47 days"),
    ],
)
async def test_what_cannot_be_of_restored_tables_is_refused(body: bytes, named: str) -> None:
    sweep = FakeSweep(SweepReport())
    sweep_endpoint = SweepEndpoint(
        sweep.run, FakeOffboardings(NOTHING), NothingLate().check_daily, lambda: NOW
    )
    with pytest.raises(ProblemError, match=named) as refused:
        await sweep_endpoint.post(PrivacyRequest(OPERATOR, body=body))
    assert (refused.value.status, sweep.runs) == (400, [])


@pytest.mark.parametrize(
    "body",
    [b"[]", b'{"again": true}', b'{"restored_to": "2026-11-22T09:00:00"}', b'{"restored_to": "x"}'],
)
async def test_a_body_that_is_no_sweeps_is_refused(body: bytes) -> None:
    sweep = FakeSweep(SweepReport())
    sweep_endpoint = SweepEndpoint(
        sweep.run, FakeOffboardings(NOTHING), NothingLate().check_daily, lambda: NOW
    )
    with pytest.raises(msgspec.DecodeError):
        await sweep_endpoint.post(PrivacyRequest(OPERATOR, body=body))
    assert sweep.runs == []


async def test_the_scheduler_says_nothing_of_restored_tables() -> None:
    sweep = FakeSweep(SweepReport())
    sweep_endpoint = SweepEndpoint(
        sweep.run, FakeOffboardings(NOTHING), NothingLate().check_daily, lambda: NOW
    )
    with pytest.raises(ProblemError) as refused:
        await sweep_endpoint.post(PrivacyRequest(SCHEDULER, body=restored()))
    assert (refused.value.status, sweep.runs) == (403, [])
