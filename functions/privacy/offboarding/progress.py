"""Continues offboardings: when an operator orders one, and then in each sweep until it is complete.

First, the partner is closed. For some minutes (`OffboardingProgress.closing`), instances with an
older closed list may still accept events of the partner. A certificate is issued when a search that
began after this time finds nothing to delete and no unreadable object.

In rare cases, an instance sees the newest closed list much later. So sweeps search the tables for
one day after the partner was closed, and objects and dead letters for as long as `WATCHED`, even if
there is a certificate.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from functions.privacy.deadline import Deadline
from functions.privacy.erasures.restored_tables import Restored
from functions.privacy.offboarding.certificate import certify
from functions.privacy.offboarding.deletion import Offboarding, PartnerCounts, Partners
from functions.privacy.offboarding.record import Record, Records
from functions.privacy.periods import REMEMBERED, SECRET_SEEN
from functions.secrets.closed_partners import ClosedPartner

SEARCHES = 3
"""The maximum number of searches in one request. Usually, the first search deletes data, and the
second finds nothing. If events arrive in between, a third search deletes them."""

WATCHED = REMEMBERED
"""The time after the closing of a partner in which sweeps search objects and dead letters for the
partner's data, even if there is a certificate already."""


class Outcome(NamedTuple):
    """The progress of an offboarding.

    Attributes:
        record: the contents of the offboarding's receipts.
        counts: the counts of the last search.
    """

    record: Record
    counts: PartnerCounts


@dataclass(frozen=True, slots=True)
class OffboardingProgress:
    """Continues offboardings.

    Args:
        offboarding: counts and deletes partners' data.
        records: reads and writes receipts.
        closing: how long a partner's events may still be accepted after the partner was closed.
        now: returns the current time (timezone-aware).
    """

    offboarding: Offboarding
    records: Records
    closing: timedelta
    now: Callable[[], datetime]

    def settled_at(self, entry: ClosedPartner) -> datetime:
        """Return the time after which no event of the partner should be accepted any more."""
        return entry.closed_at + self.closing

    async def one(
        self, partner: str, entry: ClosedPartner, ordered_by: str, out_of_time: Deadline
    ) -> Outcome:
        """Continue one offboarding, unless it is complete; return its progress.

        Args:
            partner: the name of the partner.
            entry: the partner's entry in the closed list.
            ordered_by: the address of the caller who confirmed the offboarding; empty if unknown.
            out_of_time: returns whether the time limit is reached.

        Raises:
            OutOfTime: there was no time for all steps.
            BucketUnavailable, StatementFailed, SubscriptionUnavailable: a service did not answer.
        """
        records = await self.records.read({partner: entry})
        if records[partner].complete:
            return Outcome(records[partner], PartnerCounts())
        outcomes = await self._continue({partner: entry}, records, out_of_time, ordered_by)
        return outcomes[partner]

    async def all(
        self, partners: Partners, out_of_time: Deadline, restored: Restored | None = None
    ) -> dict[str, str]:
        """Continue all offboardings, and delete data that arrived after an offboarding had ended.

        Even if an offboarding is complete, objects and dead letters are searched again if the
        partner was closed less than `WATCHED` ago. Tables are searched again if the partner was
        closed less than `SECRET_SEEN` ago, or if restored tables may have the partner's rows again.
        Events on hold are deleted when the hold is over, even if their partner is no longer on the
        closed list.

        Args:
            partners: the partners on the closed list.
            out_of_time: returns whether the time limit is reached.
            restored: the restoration of tables that the caller reported; None if no table was
                restored. Deletions that the restoration undid are repeated.

        Returns:
            The state of each offboarding that this run worked on, by partner.

        Raises:
            OutOfTime: there was no time for all steps.
            BucketUnavailable, StatementFailed, SubscriptionUnavailable: a service did not answer.
        """
        records = await self.records.read(partners)
        brought_back = _brought_back(records, restored)
        watched = {
            name: entry
            for name, entry in partners.items()
            if not records[name].complete
            or self.now() < entry.closed_at + WATCHED
            or name in brought_back
        }
        outcomes = {}
        if watched:
            outcomes = await self._continue(
                watched, records, out_of_time, brought_back=brought_back
            )
        await self._delete_released(watched, out_of_time)
        return {name: outcome.record.state for name, outcome in outcomes.items()}

    async def _delete_released(self, watched: Partners, out_of_time: Deadline) -> None:
        """Delete objects on hold whose hold is over, except those of `watched` partners."""
        deleted: Counter[str] = Counter()
        try:
            await self.offboarding.delete_released(watched.keys(), out_of_time, deleted)
        finally:
            await self.records.note_released(deleted)

    async def _continue(
        self,
        partners: Partners,
        records: Mapping[str, Record],
        out_of_time: Deadline,
        ordered_by: str = "",
        brought_back: Collection[str] = (),
    ) -> dict[str, Outcome]:
        for partner, entry in partners.items():
            await self._begin(partner, entry, records[partner], ordered_by, out_of_time)
        for _ in range(SEARCHES):
            began = self.now()
            counts_by_partner = await self._search(partners, records, out_of_time, brought_back)
            if not any(counts.deletable for counts in counts_by_partner.values()):
                break
        for partner, entry in partners.items():
            await self._certify(partner, entry, records[partner], counts_by_partner[partner], began)
        return {name: Outcome(records[name], counts_by_partner[name]) for name in partners}

    async def _begin(
        self,
        partner: str,
        entry: ClosedPartner,
        record: Record,
        ordered_by: str,
        out_of_time: Deadline,
    ) -> None:
        """Count the partner's data and write the first receipt, unless it is written already."""
        if record.begun:
            return
        counts = await self.offboarding.count(partner, entry, out_of_time)
        await self.records.note_begun(partner, entry, ordered_by, counts)
        record.begun, record.ordered_by = True, ordered_by
        record.total, record.counted_all = counts.total, counts.counted_all

    async def _search(
        self,
        partners: Partners,
        records: Mapping[str, Record],
        out_of_time: Deadline,
        brought_back: Collection[str],
    ) -> dict[str, PartnerCounts]:
        """Search once for the partners' data, and delete it.

        Receipts are written even after an error.
        """
        began = self.now()
        counts_by_partner = {name: PartnerCounts() for name in partners}
        try:
            for name, counts in counts_by_partner.items():
                may_have_more = began < partners[name].closed_at + SECRET_SEEN
                if may_have_more or name in brought_back or not records[name].complete:
                    await self.offboarding.clear_tables(name, counts, out_of_time)
            await self.offboarding.clear_places(partners, counts_by_partner, out_of_time)
        finally:
            for name, counts in counts_by_partner.items():
                await self.records.note_deleted(name, partners[name], counts.deleted)
                records[name].deleted.update(counts.deleted)
        return counts_by_partner

    async def _certify(
        self,
        partner: str,
        entry: ClosedPartner,
        record: Record,
        counts: PartnerCounts,
        began: datetime,
    ) -> None:
        is_clean = not counts.deletable and not counts.unreadable
        if record.complete or not is_clean or began < self.settled_at(entry):
            return
        is_on_hold = bool(+counts.on_hold)
        if is_on_hold and record.on_hold:
            return
        certificate = certify(partner, entry, record, counts, began)
        await self.records.note_certificate(
            partner, entry, "on_hold" if is_on_hold else "complete", certificate
        )
        if is_on_hold:
            record.on_hold = certificate
        else:
            record.complete = certificate


def _brought_back(records: Mapping[str, Record], restored: Restored | None) -> set[str]:
    """Return the partners whose deleted rows may be back in restored tables."""
    return {
        name
        for name, record in records.items()
        if restored
        and record.complete
        and restored.undid(datetime.fromisoformat(record.complete["deleted_at"]))
    }
