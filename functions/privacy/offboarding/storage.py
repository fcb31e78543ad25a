"""Deletes closed partners' objects. Rewrites objects that also have events of other partners."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from functions.acceptance.values import NotJson
from functions.google.storage import CloudStorage, Stored
from functions.observe.log import log
from functions.privacy.erasures.redaction import UNPLACED
from functions.privacy.exports.storage import PREFIX as EXPORTS
from functions.privacy.offboarding.search import Search
from functions.retained import quarantine, spill
from functions.retained.bodies import split
from functions.retained.quarantine import PREFIX as QUARANTINE
from functions.retained.quarantine import UNKNOWN, Quarantined


@dataclass(frozen=True, slots=True)
class ClosedPartnerObjects:
    """Finds and deletes closed partners' data in spill, quarantine and exports.

    Args:
        objects: the bucket's objects.
    """

    objects: CloudStorage

    async def clear(self, search: Search) -> None:
        """Count the data of closed partners in the bucket, and delete it. A dry run only counts.

        In spill, events are counted. In quarantine and exports, objects are counted.

        Raises:
            OutOfTime: some objects were not searched.
            BucketUnavailable: the bucket did not answer.
        """
        for prefix, clear in (
            (spill.PREFIX, self._spilled),
            (QUARANTINE, self._quarantined),
            (EXPORTS, self._exported),
        ):
            for stored in await self.objects.find(prefix):
                search.check_time()
                await clear(stored, search)

    async def _exported(self, stored: Stored, search: Search) -> None:
        """Delete an object of an export, ``exports/<partner>/…``, if its partner is closed.

        Legal holds do not keep exports.
        """
        partner = _part(stored, 1)
        if partner in search.closed.partners:
            search.findings.total[partner, EXPORTS] += 1
            await self._delete(stored, partner, EXPORTS, search)

    async def _quarantined(self, stored: Stored, search: Search) -> None:
        """Delete an object ``quarantine/<reason>/<partner>/…`` if its partner is closed."""
        named = _part(stored, 2)
        if named not in search.closed.partners and named != UNKNOWN:
            return
        decoded = None
        if named == UNKNOWN or search.closed.has_people_on_hold(named):
            decoded = await self._decoded(stored)
        partner: str | None = named
        if named == UNKNOWN:
            partner = search.closed.owner((decoded and decoded[0].attributes) or {})
        if partner is None:
            return
        search.findings.total[partner, QUARANTINE] += 1
        events = _events(*decoded) if decoded else ()
        are_kept = [await search.keeps(partner, *event) for event in events]
        if search.dry_run:
            search.findings.on_hold[partner, QUARANTINE] += any(are_kept)
        elif are_kept and all(are_kept):
            await self.objects.delete(stored)  # all its events are below `on_hold/` now
        else:
            await self._delete(stored, partner, QUARANTINE, search)

    async def _spilled(self, stored: Stored, search: Search) -> None:
        """Remove closed partners' events from an object of the spill; keep all other events."""
        content = await self.objects.read(stored)
        if content is None:
            return  # a replay or another run has deleted the object
        try:
            events = list(spill.decode(content))
        except ValueError:
            log("WARNING", "spilled object not readable", object=stored.name)
            for partner in search.closed.partners:
                search.findings.unreadable[partner, spill.PREFIX] += 1
            return
        others = [event for event in events if not search.closed.owner(event.attributes)]
        deletable = await search.sort(
            spill.PREFIX,
            [
                (owner, event.data, event.attributes)
                for event in events
                if (owner := search.closed.owner(event.attributes))
            ],
        )
        if search.dry_run or len(others) == len(events):
            return
        if others:
            content = spill.encode(others)
            over = stored.generation
            if not await self.objects.write(stored.name, content, spill.CONTENT_TYPE, over=over):
                return  # the object has a newer version, which the next search reads
        elif not await self.objects.delete(stored):
            return  # another run deleted it, and counts its events
        search.findings.deleted.update(deletable)

    async def _decoded(self, stored: Stored) -> tuple[Quarantined, bytes] | None:
        """Read a quarantined body; return None if it is unreadable or does not exist any more."""
        try:
            return quarantine.decode(await self.objects.read(stored) or b"")
        except ValueError:
            return None

    async def _delete(self, stored: Stored, partner: str, place: str, search: Search) -> None:
        if not search.dry_run and await self.objects.delete(stored):
            search.findings.deleted[partner, place] += 1


def _part(stored: Stored, number: int) -> str:
    return [*stored.name.split("/"), "", ""][number]


def _events(record: Quarantined, body: bytes) -> Iterator[tuple[bytes, Mapping[str, str]]]:
    """Yield the events of a body, each with the attributes that a replay gives to its message.

    If the project of an event is unknown, the attribute ``project`` is missing.
    """
    if record.attributes is not None:
        yield body, record.attributes
        return
    try:
        events = split(record, body)
    except NotJson:
        return  # a body that is not JSON names no person
    for _, own_id, event in events:
        attributes = {
            "ingest_id": own_id,
            "received_at": record.received_at,
            "kind": "test" if event.is_test else record.kind,
            "partner": record.partner,
            "event": event.name or "",
        }
        if event.project and record.reason not in UNPLACED:
            attributes["project"] = event.project
        yield event.data, attributes
