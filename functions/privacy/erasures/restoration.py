"""Restores people during the grace period of their erasure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from functions.privacy.periods import REMEMBERED
from functions.privacy.records.erasure_log import Entry, ErasureLog
from functions.privacy.records.receipts import Receipt, Receipts
from functions.warehouse.statements import Statements
from functions.web.problem import ProblemError


@dataclass(frozen=True, slots=True)
class Restoring:
    """Takes erasures back, so that views show the people as before.

    Args:
        statements: runs the statements of ``sql/privacy``.
        erasure_log: reads the erasure again, because a sweep may have begun to execute it.
        receipts: stores a receipt for each restoration.
        now: returns the current time (timezone-aware).
    """

    statements: Statements
    erasure_log: ErasureLog
    receipts: Receipts
    now: Callable[[], datetime]

    async def restore(self, entry: Entry, requested_by: str) -> None:
        """Restore the people of an erasure. The call can be repeated.

        Args:
            entry: the erasure, as just read from the erasure log.
            requested_by: the caller's address, for the receipt.

        Raises:
            ProblemError: the erasure was executed (410), is being executed (409), or has no grace
                period (409).
            StatementFailed: it is unknown whether the people are restored; the request can be
                repeated.
        """
        _must_be_restorable(entry)
        now = self.now()
        await self.statements.change(
            "restore_erasure",
            erasure_id=entry.erasure_id,
            project=entry.project,
            now=now,
            expires_at=now + REMEMBERED,
        )
        left = await self.erasure_log.find(entry.erasure_id, (entry.matter,))
        if left is None or "restored" not in left.user_keys:
            # The statement restored no person, because a sweep had begun to execute the erasure.
            _must_be_restorable(left or entry)
        await self.receipts.add(
            restoration(entry.erasure_id, entry.partner, entry.project, requested_by)
        )


def restoration(erasure_id: str, partner: str, project: str, requested_by: str = "") -> Receipt:
    """Return the receipt of a restoration.

    Args:
        erasure_id: the id of the erasure that is taken back.
        partner: the partner that the project belongs to.
        project: the project that the people are users of.
        requested_by: the caller's address; empty if the person restored their profile in the chat.
    """
    return Receipt(
        receipt_id=f"{erasure_id}/restored",
        operation="restoration",
        reference=erasure_id,
        detail={"step": "restored", "source": "api" if requested_by else "stream"},
        partner=partner,
        project=project,
        requested_by=requested_by,
    )


def _must_be_restorable(entry: Entry) -> None:
    if entry.status in {"executed", "expired"}:
        raise ProblemError(410, "The erasure was executed and cannot be restored")
    if entry.status == "due":
        raise ProblemError(409, "The erasure is being executed and cannot be restored")
    if entry.mode == "immediate":
        raise ProblemError(409, "An immediate erasure has no grace period and cannot be restored")
