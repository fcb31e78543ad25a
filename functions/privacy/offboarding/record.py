"""Reads and writes the receipts of offboardings, from which the state of an offboarding is read."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from functions.privacy.offboarding.deletion import PartnerCounts
from functions.privacy.records.receipts import Receipt, Receipts
from functions.retained.quarantine import ON_HOLD
from functions.secrets.closed_partners import ClosedPartner
from functions.warehouse.statements import Statements

Certificate = dict[str, Any]


@dataclass(slots=True)
class Record:
    """The contents of the receipts of one offboarding.

    Attributes:
        begun: whether the first receipt, with the counts before the deletion, was written.
        ordered_by: the address of the caller who confirmed the offboarding; empty if unknown.
        total: the counts before the deletion, by table or place.
        counted_all: False if the time was too short to count everything.
        deleted: how many rows, objects and events were deleted so far, by table or place.
        on_hold: the certificate which says that everything except data on hold is deleted; None if
            there is none yet.
        complete: the certificate which says that everything is deleted; None if there is none yet.
    """

    begun: bool = False
    ordered_by: str = ""
    total: Counter[str] = field(default_factory=Counter)
    counted_all: bool = True
    deleted: Counter[str] = field(default_factory=Counter)
    on_hold: Certificate | None = None
    complete: Certificate | None = None

    @property
    def state(self) -> str:
        """``deleting``, ``on_hold`` (everything is deleted except data on hold) or ``deleted``."""
        if self.complete:
            return "deleted"
        return "on_hold" if self.on_hold else "deleting"


class _OffboardingDetail(msgspec.Struct):
    step: str
    closed_at: datetime
    total: dict[str, int] = {}  # msgspec copies an empty default for each instance
    counted_all: bool = True
    deleted: dict[str, int] = {}
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """Reads and writes the receipts of offboardings.

    Args:
        statements: runs the statements of ``sql/privacy``.
        receipts: writes receipts.
        new_id: returns a new id.
    """

    statements: Statements
    receipts: Receipts
    new_id: Callable[[], str]

    async def read(self, partners: Mapping[str, ClosedPartner]) -> dict[str, Record]:
        """Return the contents of each partner's receipts, by partner.

        If a partner was offboarded twice, the receipts of the first offboarding are left out.

        Raises:
            StatementFailed: the receipts cannot be read.
        """
        records = {name: Record() for name in partners}
        if not partners:
            return records
        rows = await self.statements.rows(
            "find_offboardings",
            since=min(entry.closed_at for entry in partners.values()),
            partner=next(iter(partners)) if len(partners) == 1 else "",
        )
        for row in rows:
            entry = partners.get(row["partner"])
            detail = msgspec.json.decode(row["detail"], type=_OffboardingDetail)
            if entry and detail.closed_at == entry.closed_at:
                _add(records[row["partner"]], detail, row["requested_by"])
        return records

    async def note_begun(
        self, partner: str, entry: ClosedPartner, ordered_by: str, counts: PartnerCounts
    ) -> None:
        """Write the first receipt of an offboarding, unless it is stored already.

        Args:
            partner: the name of the partner.
            entry: the partner's entry in the closed list.
            ordered_by: the address of the caller who confirmed the offboarding; empty if unknown.
            counts: the counts before the deletion.
        """
        detail = {
            "total": nonzero(counts.total),
            "counted_all": counts.counted_all,
            "projects": entry.projects,
        }
        await self._note(partner, entry, "begun", detail, ordered_by)

    async def note_deleted(self, partner: str, entry: ClosedPartner, deleted: Counter[str]) -> None:
        """Write a receipt with the numbers of deleted rows, objects and events, if any."""
        detail = {"deleted": nonzero(deleted)}
        if detail["deleted"]:
            await self._note(partner, entry, "deleted", detail, own_id=self.new_id())

    async def note_released(self, deleted: Counter[str]) -> None:
        """Write receipts of the events that `EventsOnHold.delete_released` deleted.

        Args:
            deleted: the numbers of deleted objects, by partner.
        """
        reference = self.new_id()
        await self.receipts.add_all(
            [
                Receipt(
                    receipt_id=f"{partner}:on_hold:{reference}",
                    operation="release",
                    reference=partner,
                    detail={"deleted": {ON_HOLD: number}},
                    partner=partner,
                )
                for partner, number in sorted(deleted.items())
            ]
        )

    async def note_certificate(
        self, partner: str, entry: ClosedPartner, step: str, certificate: Certificate
    ) -> None:
        """Write the receipt with a certificate, unless the step has one already.

        Args:
            partner: the name of the partner.
            entry: the partner's entry in the closed list.
            step: ``on_hold`` if data on hold remains; otherwise ``complete``.
            certificate: the certificate.
        """
        await self._note(partner, entry, step, {"certificate": certificate})

    async def _note(
        self,
        partner: str,
        entry: ClosedPartner,
        step: str,
        detail: Mapping[str, object],
        requested_by: str = "",
        *,
        own_id: str = "",
    ) -> None:
        closed_at = entry.closed_at.isoformat()
        receipt = Receipt(
            receipt_id=":".join(part for part in (partner, closed_at, step, own_id) if part),
            operation="offboarding",
            reference=partner,
            detail={"step": step, "closed_at": closed_at, **detail},
            partner=partner,
            requested_by=requested_by,
        )
        await self.receipts.add(receipt)


def nonzero(counter: Mapping[str, int]) -> dict[str, int]:
    """Return the counts that are not 0, sorted by the name of the place."""
    return {place: number for place, number in sorted(counter.items()) if number}


def _add(record: Record, detail: _OffboardingDetail, requested_by: str) -> None:
    match detail.step:
        case "begun":
            record.begun = True
            record.ordered_by = requested_by
            record.total.update(detail.total)
            record.counted_all = detail.counted_all
        case "deleted":
            record.deleted.update(detail.deleted)
        case "on_hold":
            record.on_hold = detail.certificate
        case "complete":
            record.complete = detail.certificate
