"""Events of a partner who has left that a legal hold keeps: below ``on_hold/`` in the bucket.

Spilled events and dead letters are lost at a replay, for load drops what is a closed partner's; and
what is in quarantine goes by its age. So what a hold keeps of them is put where no replay and no
rule of the bucket reaches it. It goes when no hold names anybody in it any more.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.google.protocols import Objects
from functions.google.storage import Stored
from functions.privacy.deadline import Deadline
from functions.privacy.offboarding.closed_partners import ClosedPartners, PeopleOnHold
from functions.privacy.offboarding.search import Findings, Search
from functions.retained import quarantine
from functions.retained.quarantine import LEGAL_HOLD, ON_HOLD, UNKNOWN, Quarantine
from functions.secrets.closed_partners import ClosedPartner

SKEW = timedelta(minutes=5)
"""How far the clocks of Cloud Storage and of the functions may be apart, with much to spare."""


@dataclass(frozen=True, slots=True)
class EventsOnHold:
    """Retains events, and lets them go.

    Args:
        quarantine: takes them.
        objects: the bucket's.
        people: tells whom holds name.
    """

    quarantine: Quarantine
    objects: Objects
    people: PeopleOnHold

    async def retain(self, partner: str, data: bytes, attributes: Mapping[str, str]) -> None:
        """Retain an event; the same one again is the same object.

        Args:
            partner: whose it is.
            data: the sender's own bytes.
            attributes: of its message.

        Raises:
            BucketUnavailable: it is not known to be kept.
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
        """Delete what no hold of the partners keeps any more, and count.

        Raises:
            OutOfTime: not all was looked at.
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
                # Else another run may have put it there for a hold that this one knows nothing of.
                await self.objects.delete(stored)
                search.findings.deleted[partner, ON_HOLD] += 1

    async def delete_released(
        self, watched: Collection[str], at: datetime, out_of_time: Deadline, deleted: Counter[str]
    ) -> None:
        """Do the same for partners whom no offboarding looks at: finished long ago, or back again.

        Args:
            watched: the partners of offboardings that go on.
            at: now, with an offset.
            out_of_time: whether the time is.
            deleted: takes the numbers of objects, by partner, whatever is raised.

        Raises:
            OutOfTime: not all was looked at.
            BucketUnavailable: the bucket did not answer.
            StatementFailed: it cannot be read whom holds name.
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
        """Return what no hold kept any more at a moment, with an offset.

        Raises:
            BucketUnavailable: the bucket did not answer.
            StatementFailed: it cannot be read whom holds named.
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
        # Whose an object is, its name tells, so the projects need not be known.
        return {name: ClosedPartner((), at) for name in sorted(names - set(besides))}

    async def _is_on_hold(self, stored: Stored, closed: ClosedPartners) -> bool:
        """Say whether a hold keeps an object; what cannot be read stays as long as there is any."""
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
    """Return whose an object is: ``on_hold/<partner>/<kind>/…``."""
    return stored.name.split("/")[1]
