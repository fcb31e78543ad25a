"""Only the scheduler and operators may start a sweep, and the answer reports the result."""

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
from tests.fakes.sweep import Sweep
from tests.unit.privacy.offboarding_cell import NothingLate
from tests.unit.privacy.stand_ins import NOW

SCHEDULER = Caller("scheduler@cell.example", is_scheduler=True)
OPERATOR = Caller("ops@cell.example", is_operator=True, projects=frozenset({"dev"}))


class Offboardings:
    """Stands for `functions.privacy.offboarding.endpoint.Offboardings`, with a report.

    Attributes:
        restored: the restoration of tables that was passed to the last sweep; None for none.
    """

    def __init__(self, report: OffboardingReport, *, out_of_time: bool = False) -> None:
        self._report = report
        self._out_of_time = out_of_time
        self.restored: Restored | None = None

    def deadline(self) -> Deadline:
        return lambda: self._out_of_time

    async def sweep(
        self, out_of_time: Deadline, restored: Restored | None = None
    ) -> OffboardingReport:
        self.restored = restored
        return self._report


NOTHING = OffboardingReport(finished=True)


def endpoint(
    sweep: Sweep,
    offboardings: Offboardings | None = None,
    retention: NothingLate | None = None,
) -> SweepEndpoint:
    offboardings = offboardings or Offboardings(NOTHING)
    retention = retention or NothingLate()
    return SweepEndpoint(
        sweep.run, offboardings.sweep, retention.check_daily, offboardings.deadline, lambda: NOW
    )


@pytest.mark.parametrize(
    "caller",
    [
        Caller("partner@acme.example", projects=frozenset({"dev"})),
        Caller("push@cell.example", is_push=True),
        Caller("nobody@example.com"),
    ],
)
async def test_others_are_refused_before_anything_is_done(caller: Caller) -> None:
    sweep = Sweep(SweepReport())
    with pytest.raises(ProblemError) as refused:
        await endpoint(sweep).post(PrivacyRequest(caller))
    assert (refused.value.status, sweep.restorations) == (403, [])


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
    response = await endpoint(Sweep(report)).post(PrivacyRequest(caller))
    assert response.status_code == 200
    answer = json.loads(bytes(response.body))
    assert answer["executed"] == {"e": {"events_deleted": 2}}
    assert answer["rows"] == {"delete_events": 2}
    assert answer["places"] == {"spill_deleted": 1}
    assert json.loads(capsys.readouterr().out)["executed"] == 1  # a number, not the ids


async def test_a_sweep_with_work_left_is_202() -> None:
    response = await endpoint(Sweep(SweepReport())).post(PrivacyRequest(SCHEDULER))
    assert response.status_code == 202
    left = OffboardingReport(finished=False)
    done = SweepReport(finished=True)
    response = await endpoint(Sweep(done), Offboardings(left)).post(PrivacyRequest(SCHEDULER))
    assert response.status_code == 202


@pytest.mark.parametrize("unavailable", ["", "claim: ServiceUnavailable"])
async def test_a_sweep_that_checks_reports_data_that_is_kept_too_long(unavailable: str) -> None:
    late = PlaceRetention("events_v1", 215, "late", 3)
    retention = NothingLate(
        Checked(ok=False, asked_at=NOW, places=[late, PlaceRetention("spill/", 28, "ok")])
    )
    report = SweepReport(finished=not unavailable, unavailable=unavailable)
    sweep_endpoint = endpoint(Sweep(report), retention=retention)
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
    answer = await endpoint(Sweep(), retention=retention).post(PrivacyRequest(SCHEDULER))
    assert answer.status_code == 200
    assert "late" not in json.loads(bytes(answer.body))


async def test_a_failed_check_is_not_a_success() -> None:
    retention = NothingLate(
        Checked(ok=False, asked_at=NOW, places=[PlaceRetention("spill/", 28, "unknown", None)])
    )
    with pytest.raises(ProblemError, match="retention of spill/") as refused:
        await endpoint(Sweep(), retention=retention).post(PrivacyRequest(SCHEDULER))
    assert refused.value.status == 503


async def test_the_check_is_left_to_the_next_sweep_where_the_time_is_over() -> None:
    retention = NothingLate()
    offboardings = Offboardings(NOTHING, out_of_time=True)
    sweep_endpoint = endpoint(Sweep(), offboardings, retention)
    answer = await sweep_endpoint.post(PrivacyRequest(SCHEDULER))
    assert (answer.status_code, retention.checks) == (202, 0)


async def test_a_failed_statement_is_503() -> None:
    report = SweepReport(unavailable="claim: ServiceUnavailable")
    with pytest.raises(ProblemError) as refused:
        await endpoint(Sweep(report)).post(PrivacyRequest(SCHEDULER))
    assert refused.value.status == 503
    assert refused.value.headers == {"Retry-After": "60"}


TO, AT = NOW - timedelta(hours=30), NOW - timedelta(minutes=5)


def restored(to: datetime | None = TO, at: datetime | None = AT) -> bytes:
    times = {"restored_to": to, "restored_at": at}
    return msgspec.json.encode({name: time for name, time in times.items() if time})


async def test_an_operator_may_have_erasures_executed_again_after_tables_were_restored() -> None:
    sweep, offboardings = Sweep(), Offboardings(NOTHING)
    sweep_endpoint = endpoint(sweep, offboardings)
    body = restored(TO.astimezone(timezone(timedelta(hours=2))))
    assert (await sweep_endpoint.post(PrivacyRequest(OPERATOR, body=body))).status_code == 200
    assert sweep.restorations == [Restored(TO, AT, OPERATOR.email)] == [offboardings.restored]
    assert (await sweep_endpoint.post(PrivacyRequest(OPERATOR))).status_code == 200
    assert sweep.restorations[1:] == [None] == [offboardings.restored]


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
async def test_impossible_times_of_restored_tables_are_refused(body: bytes, named: str) -> None:
    sweep = Sweep(SweepReport())
    sweep_endpoint = endpoint(sweep)
    with pytest.raises(ProblemError, match=named) as refused:
        await sweep_endpoint.post(PrivacyRequest(OPERATOR, body=body))
    assert (refused.value.status, sweep.restorations) == (400, [])


@pytest.mark.parametrize(
    "body",
    [b"[]", b'{"again": true}', b'{"restored_to": "2026-11-22T09:00:00"}', b'{"restored_to": "x"}'],
)
async def test_a_malformed_body_is_refused(body: bytes) -> None:
    sweep = Sweep(SweepReport())
    sweep_endpoint = endpoint(sweep)
    with pytest.raises(msgspec.DecodeError):
        await sweep_endpoint.post(PrivacyRequest(OPERATOR, body=body))
    assert sweep.restorations == []


async def test_the_scheduler_says_nothing_of_restored_tables() -> None:
    sweep = Sweep(SweepReport())
    sweep_endpoint = endpoint(sweep)
    with pytest.raises(ProblemError) as refused:
        await sweep_endpoint.post(PrivacyRequest(SCHEDULER, body=restored()))
    assert (refused.value.status, sweep.restorations) == (403, [])
