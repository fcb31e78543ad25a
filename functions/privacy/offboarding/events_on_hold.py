"""Stores closed partners' events on legal hold, below ``on_hold/`` in the bucket.

Elsewhere, these events would be lost: `load` drops events of closed partners when they are
replayed, and a lifecycle rule deletes quarantined bodies after some days. Neither replays nor
lifecycle rules apply to ``on_hold/``. A sweep deletes an event below ``on_hold/`` when the holds on
all people in the event are over.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.google.storage import CloudStorage, Stored
from functions.privacy.deadline import Deadline
from functions.privacy.offboarding.closed_partners import ClosedPartners, PeopleOnHold
from functions.privacy.offboarding.search import Findings, Search
from functions.retained import quarantine
from functions.retained.quarantine import LEGAL_HOLD, ON_HOLD, UNKNOWN, Quarantine
from functions.secrets.closed_partners import ClosedPartner

SKEW = timedelta(minutes=5)
"""The largest assumed difference between the clocks of Cloud Storage and of the functions."""


@dataclass(frozen=True, slots=True)
class EventsOnHold:
    """Stores events that are on hold, and deletes them when the hold is over.

    Args:
        quarantine: writes the events.
        objects: the bucket's objects.
        people: reads which people are on hold.
    """

    quarantine: Quarantine
    objects: CloudStorage
    people: PeopleOnHold

    async def retain(self, partner: str, data: bytes, attributes: Mapping[str, str]) -> None:
        """Store an event below ``on_hold/``. If the event is there already, do nothing.

        Args:
            partner: the partner that the event belongs to.
            data: the event as the sender wrote it.
            attributes: the attributes of the event's message.

        Raises:
            BucketUnavailable: it is unknown whether the event is stored.
        """
        await self.quarantine.keep(
            reason=LEGAL_HOLD,
            partner=partner,
            kind=attributes.get("kind", UNKNOWN),
            data=data,
            received_at=attributes.get("received_at", ""),
            attributes=attributes,
        )

    async def clear(self, search: Search) -> None:
        """Count the closed partners' objects below ``on_hold/``; delete those whose hold is over.

        A dry run only counts.

        Raises:
            OutOfTime: some objects were not searched.
            BucketUnavailable: the bucket did not answer.
        """
        for stored in await self.objects.find(ON_HOLD):
            search.check_time()
            partner = _partner(stored)
            if partner not in search.closed.partners:
                continue
            search.findings.total[partner, ON_HOLD] += 1
            if await self._is_on_hold(stored, search.closed):
                search.findings.on_hold[partner, ON_HOLD] += 1
            elif not search.dry_run and stored.written_at < search.closed.at - SKEW:
                # Only older objects are deleted. Another run may have written newer objects for a
                # new hold.
                search.findings.deleted[partner, ON_HOLD] += await self.objects.delete(stored)

    async def delete_released(
        self, watched: Collection[str], at: datetime, out_of_time: Deadline, deleted: Counter[str]
    ) -> None:
        """Delete the objects whose hold is over, except the objects of some partners.

        Args:
            watched: the partners whose objects are left out, because their offboardings search
                these objects. The other partners were offboarded long ago, or are no longer closed.
            at: the current time (timezone-aware).
            out_of_time: returns whether the time limit is reached.
            deleted: counts the deleted objects by partner, even if this method raises an error.

        Raises:
            OutOfTime: some objects were not searched.
            BucketUnavailable: the bucket did not answer.
            StatementFailed: the holds cannot be read.
        """
        others = await self._others(watched, at)
        if not others:
            return
        findings = Findings()
        search = Search(await self.people.read(others, at), findings, self.retain, out_of_time)
        try:
            await self.clear(search)
        finally:
            deleted.update({partner: number for (partner, _), number in findings.deleted.items()})

    async def overdue(self, at: datetime) -> list[Stored]:
        """Return the objects below ``on_hold/`` whose hold had ended by the time `at`.

        Args:
            at: a time (timezone-aware).

        Raises:
            BucketUnavailable: the bucket did not answer.
            StatementFailed: the holds cannot be read.
        """
        others = await self._others((), at)
        if not others:
            return []
        closed = await self.people.read(others, at)
        return [
            stored
            for stored in await self.objects.find(ON_HOLD)
            if stored.written_at < at and not await self._is_on_hold(stored, closed)
        ]

    async def _others(self, besides: Collection[str], at: datetime) -> dict[str, ClosedPartner]:
        names = {_partner(stored) for stored in await self.objects.find(ON_HOLD)}
        # The name of each object says its partner, so the projects are not needed.
        return {name: ClosedPartner((), at) for name in sorted(names - set(besides))}

    async def _is_on_hold(self, stored: Stored, closed: ClosedPartners) -> bool:
        """Return whether a legal hold keeps an object.

        If any person of a partner is on hold, all unreadable objects of the partner are also kept.
        """
        partner = _partner(stored)
        if not closed.has_people_on_hold(partner):
            return False
        content = await self.objects.read(stored)
        if content is None:
            return False
        try:
            record, body = quarantine.decode(content)
        except ValueError:
            return True
        return closed.keeps(partner, body, record.attributes or {})


def _partner(stored: Stored) -> str:
    """Return the partner of an object: ``on_hold/<partner>/<kind>/…``."""
    return stored.name.split("/")[1]
