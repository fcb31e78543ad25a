"""Objects of partners who have left: deleted, or rewritten where they have events of others."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from functions import spill
from functions.acceptance.refused import split
from functions.acceptance.values import NotJson
from functions.log import log
from functions.objects import Stored
from functions.privacy.departed import Deadline, Departed, Found, SetAside
from functions.privacy.execution import OutOfTime
from functions.privacy.exports.stored import INDEX, Index
from functions.privacy.exports.stored import PREFIX as EXPORTS
from functions.quarantine import PREFIX as QUARANTINE
from functions.quarantine import UNKNOWN, Quarantined

_QUARANTINED = msgspec.json.Decoder(Quarantined)


class Objects(Protocol):
    """The bucket's objects, as `functions.objects.Objects`."""

    async def find(self, prefix: str) -> list[Stored]:
        """Return the objects whose name starts so, in the order of their names."""

    async def read(self, stored: Stored) -> bytes | None:
        """Return the content; None where that version is gone."""

    async def write(self, name: str, content: bytes, content_type: str, *, over: int) -> bool:
        """Write an object in place of a version; say whether it was written."""

    async def delete(self, stored: Stored) -> None:
        """Delete that version."""


class DepartedObjects:
    """Finds and deletes what partners have in the bucket.

    Args:
        objects: the bucket's.
        set_aside: takes spilled events that a legal hold keeps, for a replay would lose them.
    """

    def __init__(self, objects: Objects, set_aside: SetAside) -> None:
        self._objects = objects
        self._set_aside = set_aside

    async def clear(
        self, departed: Departed, found: Found, is_over: Deadline, *, dry_run: bool = False
    ) -> None:
        """Delete what is the partners', and count it: objects, and of the spill events.

        Args:
            departed: the partners.
            found: the counts.
            is_over: whether the time is.
            dry_run: only count.

        Raises:
            OutOfTime: not all was looked at.
            BucketUnavailable: the bucket did not answer.
        """
        walk = _Walk(self._objects, self._set_aside, departed, found, dry_run)
        for prefix, clear in (
            (spill.PREFIX, walk.spilled),
            (QUARANTINE, walk.quarantined),
            (EXPORTS, walk.export),
        ):
            for stored in await self._objects.find(prefix):
                if is_over():
                    raise OutOfTime
                await clear(stored)


@dataclass(frozen=True, slots=True)
class _Walk:
    """One way through the bucket."""

    objects: Objects
    set_aside: SetAside
    departed: Departed
    found: Found
    dry_run: bool

    async def export(self, stored: Stored) -> None:
        """Delete an export, which its index tells the project of; a hold is on no copy of a day."""
        if not stored.name.endswith(f"/{INDEX}"):
            return
        try:
            index = msgspec.json.decode(await self.objects.read(stored) or b"", type=Index)
        except msgspec.DecodeError:
            return  # it goes within a day
        partner = self.departed.owner({"project": index.project})
        if partner is None:
            return
        self.found.all[partner, EXPORTS] += 1
        for each in await self.objects.find(stored.name.removesuffix(INDEX)):
            if each != stored:
                await self._delete(each)
        await self._delete(stored)  # last: without it nobody finds the others

    async def quarantined(self, stored: Stored) -> None:
        """Delete a quarantined body, ``quarantine/<reason>/<partner>/<kind>/…``."""
        named = _part(stored, 2)
        if named not in self.departed.partners and named != UNKNOWN:
            return
        record = None
        if named == UNKNOWN or self.departed.has_held(named):
            record = await self._record(stored)
        partner: str | None = named
        if named == UNKNOWN:
            partner = self.departed.owner((record and record.attributes) or {})
        if partner is None:
            return
        self.found.all[partner, QUARANTINE] += 1
        if any(self.departed.keeps(partner, *event) for event in _events(record)):
            self.found.kept[partner, QUARANTINE] += 1
        else:
            await self._delete(stored)

    async def spilled(self, stored: Stored) -> None:
        """Take the partners' events out of an object; what is left of it is written anew."""
        content = await self.objects.read(stored)
        if content is None:
            return  # replayed, or another run was faster
        try:
            events = list(spill.decode(content))
        except ValueError:
            log("ERROR", "spilled object not readable", object=stored.name)
            for partner in self.departed.partners:
                self.found.unreadable[partner, spill.PREFIX] += 1
            return
        left = [event for event in events if not self.departed.owner(event.attributes)]
        for event in events:
            await self._count(event)
        if self.dry_run or len(left) == len(events):
            return
        if left:
            content = spill.encode(left)
            over = stored.generation  # somebody else's version is the next look's
            await self.objects.write(stored.name, content, spill.CONTENT_TYPE, over=over)
        else:
            await self.objects.delete(stored)

    async def _count(self, event: spill.Spilled) -> None:
        owner = self.departed.owner(event.attributes)
        if owner is None:
            return
        self.found.all[owner, spill.PREFIX] += 1
        if self.departed.keeps(owner, event.data, event.attributes):
            self.found.kept[owner, spill.PREFIX] += 1
            if not self.dry_run:
                await self.set_aside(owner, event.data, event.attributes)

    async def _record(self, stored: Stored) -> Quarantined | None:
        """Read a quarantined body; None where that cannot be: then its name alone tells."""
        try:
            return _QUARANTINED.decode(await self.objects.read(stored) or b"")
        except msgspec.DecodeError:
            return None

    async def _delete(self, stored: Stored) -> None:
        if not self.dry_run:
            await self.objects.delete(stored)


def _part(stored: Stored, number: int) -> str:
    return [*stored.name.split("/"), "", ""][number]


def _events(record: Quarantined | None) -> Iterator[tuple[bytes, Mapping[str, str]]]:
    """Go through a body's events, each with what is known of its message."""
    if record is None:
        return
    try:
        body = base64.b64decode(record.body, validate=True)
        if record.attributes is not None:
            yield body, record.attributes
            return
        for _, event in split(record, body):
            yield event.data, {"kind": record.kind, "project": event.project or ""}
    except (binascii.Error, NotJson):
        return  # nobody can tell whom it is about
