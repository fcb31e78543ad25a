"""Tables that were restored to the past, and what must be executed again because of that.

Restored rows bring erased people and closed partners back. The sweep catches such rows as late
ones, but only as far back as events can come late. What was executed since the moment to which the
tables were restored is therefore executed again, over all that is stored.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple

import msgspec

from functions.privacy.periods import TOMBSTONE
from functions.privacy.records.receipts import Receipt
from functions.web.problem import ProblemError

RUNNING = timedelta(minutes=10)
"""A sweep that was running when the restoration ended is over by then: Cloud Run ends its request
(`modules/cell/functions.tf`). It may have passed the restored rows before they were there."""


AGAIN = "again:"
"""How claims of what is executed again begin."""


class Restored(NamedTuple):
    """A restoration of tables.

    Attributes:
        to: the moment (UTC) that the restored rows are of.
        at: when the last of them was back (UTC).
        by: the address of who says so.
    """

    to: datetime
    at: datetime
    by: str

    def undid(self, done_at: datetime) -> bool:
        """Say whether what was done at a moment, with an offset, is to be done again."""
        return self.to <= done_at <= self.at + RUNNING

    def receipt(self, claim: str) -> Receipt:
        """Return the receipt of what is executed again under a claim."""
        detail = {"restored_to": self.to.isoformat(), "restored_at": self.at.isoformat()}
        return Receipt(claim, "repetition", claim, detail, requested_by=self.by)


class SweepRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /sweep``; the scheduler sends none.

    Attributes:
        restored_to: the moment that restored rows are of,
        restored_at: and when the last of them was back.
    """

    restored_to: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    restored_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None

    def restored(self, now: datetime, by: str) -> Restored | None:
        """Return the restoration that is named; None where there is none.

        Args:
            now: the present, with an offset.
            by: the caller's address.

        Raises:
            ProblemError: only one of the two is given, they are not in order, or erasures of
                that time are forgotten.
        """
        if self.restored_to is None and self.restored_at is None:
            return None
        if self.restored_to is None or self.restored_at is None:
            raise ProblemError(400, "give both `restored_to` and `restored_at`, or neither")
        if not self.restored_to < self.restored_at <= now:
            raise ProblemError(
                400,
                "`restored_to` must be before `restored_at`, and `restored_at` must not be in the"
                " future",
            )
        if self.restored_to < now - TOMBSTONE:
            raise ProblemError(
                400,
                f"`restored_to` is more than {TOMBSTONE.days} days ago: older erasures may be"
                " deleted, so file them again",
            )
        return Restored(self.restored_to.astimezone(UTC), self.restored_at.astimezone(UTC), by)
