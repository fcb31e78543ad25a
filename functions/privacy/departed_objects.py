"""Objects of partners who have left: deleted, or rewritten where they have events of others."""

import base64
import binascii
from dataclasses import dataclass
from typing import Protocol

import msgspec

from functions import spill
from functions.log import log
from functions.objects import Stored
from functions.privacy.departed import Deadline, Departed, Found, SetAside
from functions.privacy.execution import OutOfTime
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

    async def replace(self, stored: Stored, content: bytes, content_type: str) -> bool:
        """Write other content in that version's place; False where it is gone or replaced."""

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
        """Delete an export, ``exports/<partner>/…``; holds do not bind a copy of a day."""
        partner = _part(stored, 1)
        if partner in self.departed.partners:
            self.found.all[partner, EXPORTS] += 1
            await self._delete(stored)

    async def quarantined(self, stored: Stored) -> None:
        """Delete a quarantined body, ``quarantine/<reason>/<partner>/<kind>/…``."""
        named = _part(stored, 2)
        if named not in self.departed.partners and named != UNKNOWN:
            return
        record = None
        if named == UNKNOWN or self.departed.has_held(named):
            record = await self._record(stored)
        attributes = (record and record.attributes) or {}
        partner = self.departed.owner(attributes) if named == UNKNOWN else named
        if partner is None:
            return
        self.found.all[partner, QUARANTINE] += 1
        if record and self.departed.keeps(partner, _body(record), attributes):
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
            await self.objects.replace(stored, spill.encode(left), spill.CONTENT_TYPE)
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


def _body(record: Quarantined) -> bytes:
    try:
        return base64.b64decode(record.body, validate=True)
    except binascii.Error:
        return b""
