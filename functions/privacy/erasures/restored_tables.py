"""The request to repeat erasures after tables were restored to an earlier time.

A restored table may again have rows of erased people and closed partners. Tombstones help only
against rows of late events, but a restored table also has older rows. So sweeps repeat each erasure
that was executed after the time to which the tables were restored. The repetition covers all stored
rows.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple

import msgspec

from functions.privacy.periods import TOMBSTONE
from functions.privacy.records.receipts import Receipt
from functions.web.problem import ProblemError

RUNNING = timedelta(minutes=10)
"""No sweep runs for longer than this, because the time-out of its request is shorter
(`modules/cell/functions.tf`). If a sweep began before tables were restored, it may have missed
their rows. So erasures that were executed up to this long after the restoration are also repeated.
"""


AGAIN = "again:"
"""The first part of the claim of erasures that are executed again. A claim is an id that a sweep
gives to all erasures that it begins to execute."""


class Restored(NamedTuple):
    """A restoration of tables to an earlier time, as a caller reports it.

    Attributes:
        to: the time (UTC) to which tables were restored.
        at: when the last table was restored (UTC).
        by: the address of the caller who reports the restoration.
    """

    to: datetime
    at: datetime
    by: str

    def undid(self, done_at: datetime) -> bool:
        """Return whether a step that was done at this time (timezone-aware) must be repeated.

        That is so if the restoration may have undone the step, or if the step may have missed
        restored rows.
        """
        return self.to <= done_at <= self.at + RUNNING

    def receipt(self, claim: str) -> Receipt:
        """Return the receipt of the repetition: it says that erasures with this claim run again."""
        detail = {"restored_to": self.to.isoformat(), "restored_at": self.at.isoformat()}
        return Receipt(claim, "repetition", claim, detail, requested_by=self.by)


class SweepRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /sweep``. The scheduler's requests have no body, so both values are None.

    Attributes:
        restored_to: the time to which tables were restored; None if no table was restored.
        restored_at: when the last table was restored; None if no table was restored.
    """

    restored_to: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    restored_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None

    def restored(self, now: datetime, by: str) -> Restored | None:
        """Return the restoration that the request reports; None if it reports none.

        Args:
            now: the current time (timezone-aware).
            by: the caller's address.

        Raises:
            ProblemError: only one of the two times is given, the times are not in order,
                `restored_at` is in the future, or `restored_to` is so long ago that the erasure log
                may be incomplete (400).
        """
        if self.restored_to is None and self.restored_at is None:
            return None
        if self.restored_to is None or self.restored_at is None:
            raise ProblemError(400, "Give both `restored_to` and `restored_at`, or neither")
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
