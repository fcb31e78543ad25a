"""Receipts: what was done, when and how much, without any data of the people concerned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from functions.events.body import encode_json
from functions.warehouse.protocols import StatementRunner


class Receipt(msgspec.Struct, frozen=True):
    """One receipt, as `receipts_v1` has it.

    Attributes:
        receipt_id: the same step of the same operation has the same, so it is written once.
        operation: ``erasure``, ``restoration``, ``repetition``, ``export``, ``lookup``, ``hold``,
            ``release``, ``offboarding`` or ``residency``.
        reference: the id of what it is about.
        detail: counts, reasons and dates; never an id or key of a person.
        partner: whose; empty for the whole cell.
        project: whose; empty for all of the partner's.
        requested_by: who asked; empty for the stream and the scheduler.
        people: how many it concerned; None where that is no question.
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
        statements: of ``sql/privacy``.
        now: the clock, with an offset.
    """

    statements: StatementRunner
    now: Callable[[], datetime]

    async def add(self, receipt: Receipt) -> None:
        """Add a receipt, unless it is there.

        Raises:
            StatementFailed: it is not known to be written.
        """
        await self.add_all([receipt])

    async def add_all(self, receipts: Sequence[Receipt]) -> None:
        """Add those of the receipts that are not there, in one statement.

        Raises:
            StatementFailed: they are not known to be written.
        """
        if receipts:
            await self.statements.change(
                "add_receipts",
                recorded_at=self.now(),
                receipts=[encode_json(msgspec.to_builtins(receipt)) for receipt in receipts],
            )
