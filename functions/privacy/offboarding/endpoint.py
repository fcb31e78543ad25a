"""``/offboardings``: deletes a partner's data from a cell."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from starlette.responses import JSONResponse, Response

from functions.google.storage import BucketUnavailable
from functions.google.subscription import SubscriptionUnavailable
from functions.observe.log import log
from functions.privacy.deadline import Deadline, OutOfTime
from functions.privacy.erasures.restored_tables import Restored
from functions.privacy.offboarding.closed_list import ClosedSecret, ListFull, ListUnavailable
from functions.privacy.offboarding.plan import Plan
from functions.privacy.offboarding.progress import OffboardingProgress
from functions.privacy.offboarding.record import Record, Records, nonzero
from functions.privacy.requests.request import PrivacyRequest
from functions.secrets.closed_partners import ClosedList, ClosedPartner
from functions.warehouse.statements import StatementFailed
from functions.web.problem import RETRY_SECONDS, ProblemError, retry_later

UNAVAILABLE = (BucketUnavailable, ListUnavailable, StatementFailed, SubscriptionUnavailable)
"""The errors of services that do not answer. Each ends a run early, and the next run continues."""

FULL = (
    "The list of closed partners is full: remove partners that were closed long ago "
    "(docs/operations.md, The list of closed partners)"
)


class OffboardingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /offboardings``.

    Attributes:
        partner: the name of the partner.
        confirm: the code from the previous answer, which confirms the offboarding. If it is empty,
            and the partner is not closed, the data is only counted.
    """

    partner: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]
    confirm: str = ""


@dataclass(slots=True)
class OffboardingReport:
    """What a sweep reports about offboardings.

    Attributes:
        states: the state of each offboarding that the sweep worked on, by partner.
        finished: whether everything was searched.
        unavailable: the name of the error that ended the run early; empty if there was none.
    """

    states: dict[str, str] = field(default_factory=dict)
    finished: bool = True
    unavailable: str = ""


@dataclass(frozen=True, slots=True)
class Offboardings:
    """Answers requests to ``/offboardings``, which only operators may send.

    Args:
        plan: shows the data that would be deleted, and closes partners.
        closed: reads the list of closed partners.
        progress: continues offboardings.
        records: reads the receipts of offboardings.
        deadline: returns the deadline of a request that begins now.
    """

    plan: Plan
    closed: ClosedSecret
    progress: OffboardingProgress
    records: Records
    deadline: Callable[[], Deadline]

    async def order(self, request: PrivacyRequest) -> Response:
        """``POST /offboardings``: counts a partner's data; with a valid code, deletes the data.

        The status of the answer is 200 if everything is deleted, and 202 if not. If the partner is
        closed already, no code is needed: the request continues the offboarding.

        Raises:
            ProblemError: the caller is not an operator (403), the partner is unknown (404), the
                code is not valid (409), the closed list is full (409), or another service does not
                answer (503).
            DecodeError: the body is not valid.
        """
        request.caller.must_be_operator()
        wanted = msgspec.json.decode(request.body, type=OffboardingRequest)
        out_of_time = self.deadline()
        # A request with a valid code orders the offboarding. Without a code, it can only continue
        # one.
        is_order = self.plan.confirms(wanted.partner, wanted.confirm)
        try:
            entry = (await self.closed.read()).partners.get(wanted.partner)
            if entry is None:
                if not wanted.confirm:
                    return JSONResponse(await self.plan.show(wanted.partner, out_of_time), 202)
                entry = await self.plan.close(wanted.partner, wanted.confirm)
            ordered_by = request.caller.email if is_order else ""
            return await self._continue(wanted.partner, entry, ordered_by, out_of_time)
        except ListFull:
            raise ProblemError(409, FULL) from None
        except UNAVAILABLE as failure:
            raise retry_later(f"Not finished: {type(failure).__name__}") from failure

    async def list_all(self, request: PrivacyRequest) -> Response:
        """``GET /offboardings``: lists the closed partners, with the progress of each.

        Raises:
            ProblemError: the caller is not an operator (403), or the closed list cannot be read
                (503).
            StatementFailed: the receipts cannot be read.
        """
        request.caller.must_be_operator()
        partners = (await self._list()).partners
        records = await self.records.read(partners)
        return JSONResponse(
            {
                "offboardings": [
                    self._describe(name, partners[name], records[name]) for name in sorted(partners)
                ]
            }
        )

    async def show(self, request: PrivacyRequest) -> Response:
        """``GET /offboardings/{partner}``: shows the progress and certificate of an offboarding.

        Raises:
            ProblemError: the caller is not an operator (403), the partner is not closed (404), or
                the closed list cannot be read (503).
            StatementFailed: the receipts cannot be read.
        """
        request.caller.must_be_operator()
        entry = (await self._list()).partners.get(request.id)
        if entry is None:
            raise ProblemError(404, "This partner was not offboarded")
        record = (await self.records.read({request.id: entry}))[request.id]
        return JSONResponse(self._describe(request.id, entry, record))

    async def sweep(
        self, out_of_time: Deadline, restored: Restored | None = None
    ) -> OffboardingReport:
        """Continue all offboardings, and report their states.

        Args:
            out_of_time: returns whether the time limit is reached.
            restored: the restoration of tables that the caller reported; None if no table was
                restored. Deletions that the restoration undid are repeated.
        """
        report = OffboardingReport()
        try:
            partners = (await self.closed.read()).partners
            report.states = await self.progress.all(partners, out_of_time, restored)
        except OutOfTime:
            report.finished = False
            log("WARNING", "offboarding ends early", reason="time")
        except UNAVAILABLE as failure:
            report.finished, report.unavailable = False, type(failure).__name__
            log("WARNING", "offboarding ends early", reason=report.unavailable)
        return report

    async def _list(self) -> ClosedList:
        try:
            return await self.closed.read()
        except ListUnavailable:
            raise retry_later("The closed list cannot be read at the moment") from None

    async def _continue(
        self, partner: str, entry: ClosedPartner, ordered_by: str, out_of_time: Deadline
    ) -> Response:
        remaining: dict[str, Any] = {}
        try:
            record, counts = await self.progress.one(partner, entry, ordered_by, out_of_time)
            remaining = {
                "remaining": nonzero(counts.deletable),
                "on_hold": nonzero(counts.on_hold),
                "unreadable": nonzero(counts.unreadable),
            }
        except OutOfTime:
            record = (await self.records.read({partner: entry}))[partner]
        described = self._describe(partner, entry, record)
        if record.complete:
            return JSONResponse(described)
        headers = {"Retry-After": str(RETRY_SECONDS)}
        return JSONResponse(described | remaining, 202, headers)

    def _describe(self, partner: str, entry: ClosedPartner, record: Record) -> dict[str, Any]:
        settled_at = self.progress.settled_at(entry)
        return {
            "partner": partner,
            "state": record.state,
            "projects": list(entry.projects),
            "closed_at": entry.closed_at.isoformat(),
            "settled_at": settled_at.isoformat(),
            "ordered_by": record.ordered_by,
            "total": nonzero(record.total),
            "deleted": nonzero(record.deleted),
            "certificate": record.complete or record.on_hold,
        }
