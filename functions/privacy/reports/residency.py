"""``POST /residency``: checks that a cell's data is in the promised region."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime

from starlette.responses import JSONResponse, Response

from functions.locations.check import Google, Location, check, check_tables
from functions.locations.faults import promise_fault
from functions.locations.parts import Parts
from functions.privacy.records.receipts import Receipt, Receipts
from functions.privacy.requests.pages import page
from functions.privacy.requests.request import PrivacyRequest


@dataclass(frozen=True, slots=True)
class Promise:
    """Checks the promise that all data of a cell is in one region.

    Args:
        google: returns the Google APIs that report locations.
        parts: the resources of the cell that have a location.
        region: the promised region.
        gdpr: whether the region must be in the European Union.
    """

    google: Callable[[], Google]
    parts: Parts
    region: str
    _: KW_ONLY
    gdpr: bool

    async def check(self) -> list[Location]:
        """Return whether each topic, secret, bucket, dataset and table is in the region.

        The state of a resource is ``unknown`` if Google reported no location. If the region must be
        in the European Union, the first entry of the result says whether the region is there.
        """
        google = self.google()
        locations = [self._of_region()] if self.gdpr else []
        locations += await check(google.resources(self.parts), self.region)
        return locations + await check_tables(google, self.parts.datasets, self.region)

    def _of_region(self) -> Location:
        fault = promise_fault(self.region)
        detail = fault or "it is in a member state of the European Union"
        return Location("region", self.region, "fails" if fault else "holds", detail)


@dataclass(frozen=True, slots=True)
class Residency:
    """Reports whether a cell's data is in the promised region.

    Only operators may ask, because the report names the partners that have datasets of their own.

    Args:
        promise: the promise to check.
        cell: the name of the cell.
        receipts: writes a receipt of each check.
        now: returns the time in UTC.
        new_id: returns a new id.
    """

    promise: Promise
    _: KW_ONLY
    cell: str
    receipts: Receipts
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    async def ask(self, request: PrivacyRequest) -> Response:
        """``POST /residency``: checks all resources, and answers with a report.

        The report is an HTML page if the header ``Accept`` contains ``text/html``; otherwise JSON.

        Raises:
            ProblemError: the caller is not an operator (403).
            StatementFailed: it is unknown whether the receipt was written.
        """
        request.caller.must_be_operator()
        asked_at, reference = self.now(), self.new_id()
        locations = await self.promise.check()
        report = _report(locations) | {
            "id": reference,
            "cell": self.cell,
            "location": self.promise.region,
            "gdpr": self.promise.gdpr,
        }
        await self.receipts.add(
            Receipt(
                receipt_id=f"{reference}/residency",
                operation="residency",
                reference=reference,
                detail={name: report[name] for name in ("ok", "location", "gdpr", "counts")},
                requested_by=request.caller.email,
            )
        )
        if "text/html" in request.accept:
            return page("residency", asked_at=asked_at, found=locations, **report)
        places = [location._asdict() for location in locations]
        return JSONResponse(report | {"asked_at": asked_at.isoformat(), "places": places})


def _report(locations: Sequence[Location]) -> dict[str, object]:
    counts = Counter(location.state for location in locations)
    everything = {state: counts[state] for state in ("holds", "fails", "unknown")}
    return {"ok": set(counts) == {"holds"}, "counts": everything}
