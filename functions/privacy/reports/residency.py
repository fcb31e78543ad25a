"""``POST /residency``: where a cell's data really are, compared with where they were promised."""

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
    """What is promised of a cell, and who knows whether it is kept.

    Args:
        google: returns the APIs that know.
        parts: what the cell is made of.
        region: where all of it has to be.
        gdpr: whether that has to be in the European Union.
    """

    google: Callable[[], Google]
    parts: Parts
    region: str
    _: KW_ONLY
    gdpr: bool

    async def check(self) -> list[Location]:
        """Ask where every topic, secret, bucket, dataset and table is.

        Nothing is left out: what could not be asked is ``unknown``.
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
    """Answers where a cell's data are. It is the matter of operators: it names every partner.

    Args:
        promise: what is promised.
        cell: its name.
        receipts: takes one of each check.
        now: the clock, UTC.
        new_id: returns a fresh id.
    """

    promise: Promise
    _: KW_ONLY
    cell: str
    receipts: Receipts
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    async def ask(self, request: PrivacyRequest) -> Response:
        """Check everything; JSON, or a page for who would rather have HTML.

        Raises:
            ProblemError: the caller is no operator.
            StatementFailed: the receipt is not known to be written.
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
