"""Writes receipts. A receipt says what was done, when it was done, and how many rows were changed.

A receipt has no data about the people whose data was changed, exported or looked up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from functions.events.body import encode_json
from functions.warehouse.statements import Statements


class Receipt(msgspec.Struct, frozen=True):
    """One receipt: a row of `receipts_v1`.

    Attributes:
        receipt_id: the id of the receipt. A repeated step uses the same id again, so that only one
            receipt is stored.
        operation: ``erasure``, ``restoration``, ``repetition``, ``export``, ``lookup``, ``hold``,
            ``release``, ``offboarding`` or ``residency``.
        reference: the id of the erasure, hold, export or other operation; for an offboarding, the
            name of the partner.
        detail: counts, reasons and dates; never an id or key of a person.
        partner: the partner concerned; empty if the receipt concerns the whole cell.
        project: the project concerned; empty if the receipt concerns all projects of the partner.
        requested_by: the address of the caller; empty if Pub/Sub or the scheduler called, or if the
            caller is unknown.
        people: the number of people concerned; None if the operation is not about people.
    """

    receipt_id: str
    operation: str
    reference: str
    detail: Mapping[str, object]
    partner: str = ""
    project: str = ""
    requested_by: str = ""
    people: int | None = None


@dataclass(frozen=True, slots=True)
class Receipts:
    """Writes receipts.

    Args:
        statements: runs the statements of ``sql/privacy``.
        now: returns the current time (timezone-aware).
    """

    statements: Statements
    now: Callable[[], datetime]

    async def add(self, receipt: Receipt) -> None:
        """Add a receipt, unless it is stored already.

        Raises:
            StatementFailed: it is unknown whether the receipt is stored.
        """
        await self.add_all([receipt])

    async def add_all(self, receipts: Sequence[Receipt]) -> None:
        """Add the receipts that are not stored already, in one statement.

        Raises:
            StatementFailed: it is unknown whether the receipts are stored.
        """
        if receipts:
            await self.statements.change(
                "add_receipts",
                recorded_at=self.now(),
                receipts=[encode_json(msgspec.to_builtins(receipt)) for receipt in receipts],
            )
