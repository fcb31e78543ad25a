"""``POST /sweep``: executes erasures that are due, and continues offboardings.

Once a day, the endpoint also checks whether data is kept for longer than promised, so that this
check needs no job of its own.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import to_builtins
from starlette.responses import JSONResponse, Response

from functions.observe.log import log
from functions.privacy.deadline import Deadline
from functions.privacy.erasures.restored_tables import Restored, SweepRequest
from functions.privacy.offboarding.endpoint import OffboardingReport
from functions.privacy.reports.retention import Checked
from functions.privacy.requests.request import PrivacyRequest
from functions.privacy.sweep.job import SweepReport
from functions.web.problem import ProblemError, retry_later


@dataclass(frozen=True, slots=True)
class SweepEndpoint:
    """Answers requests for a sweep.

    Args:
        run_sweep: executes erasures; see `functions.privacy.sweep.job.Sweep.run`.
        sweep_offboardings: continues offboardings in the remaining time; see
            `functions.privacy.offboarding.endpoint.Offboardings.sweep`.
        check_retention: checks how long data is kept; returns None if no check is due. This step is
            the last one, and is left out if no time is left.
        deadline: returns the deadline of a request that begins now.
        now: returns the current time (timezone-aware).
    """

    run_sweep: Callable[..., Awaitable[SweepReport]]
    sweep_offboardings: Callable[[Deadline, Restored | None], Awaitable[OffboardingReport]]
    check_retention: Callable[[], Awaitable[Checked | None]]
    deadline: Callable[[], Deadline]
    now: Callable[[], datetime]

    async def post(self, request: PrivacyRequest) -> Response:
        """Run a sweep; answer 200 with the report, or 202 if there was no time for all steps.

        Raises:
            ProblemError: the caller is neither the scheduler nor an operator (403), the scheduler
                reports restored tables (403), the times of restored tables are not valid (400), or
                a service did not answer (503).
            DecodeError: the body is not valid.
        """
        if not (request.caller.is_scheduler or request.caller.is_operator):
            raise ProblemError(
                403, "Only the scheduler or someone in the cell's `privacy_callers` may do this"
            )
        wanted = msgspec.json.decode(request.body, type=SweepRequest)
        restored = wanted.restored(self.now(), request.caller.email)
        if restored:
            request.caller.must_be_operator()
        out_of_time = self.deadline()
        report = to_builtins(await self.run_sweep(restored=restored))
        offboarding_report = await self.sweep_offboardings(out_of_time, restored)
        report["offboardings"] = offboarding_report.states
        report["finished"] = report["finished"] and offboarding_report.finished
        report["unavailable"] = report["unavailable"] or offboarding_report.unavailable
        if out_of_time():
            report["finished"] = False
        elif checked := await self.check_retention():
            report["late"] = checked.late
            unasked = f"retention of {', '.join(checked.unknown)}" if checked.unknown else ""
            report["unavailable"] = report["unavailable"] or unasked
        if report["unavailable"]:
            raise retry_later(f"Not finished: {report['unavailable']}", report)
        log("INFO", "swept", **report | {"executed": len(report["executed"])})
        return JSONResponse(report, status_code=200 if report["finished"] else 202)
