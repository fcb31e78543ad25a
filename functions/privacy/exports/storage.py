"""The objects of exports: their names, whose they are, and that an erasure takes them along."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec

from functions.google.storage import ObjectWriter, Storage, Stored
from functions.privacy.deadline import OutOfTime
from functions.privacy.erasures.execution import Counts
from functions.privacy.erasures.scope import Scope, Scopes
from functions.privacy.exports.messages import Owner

PREFIX = "exports/"
"""Objects that begin so go after a day (`functions.privacy.periods.EXPORTED`)."""

INDEX = "index.json"
"""The object that says whose an export is. It is written first and deleted last."""

WRITE_SECONDS = 30.0


class Index(msgspec.Struct, frozen=True):
    """Whose an export is.

    Attributes:
        project: that the person is a user of.
        user_keys: of the person.
        made_at: when it was begun (UTC).
    """

    project: str
    user_keys: tuple[str, ...]
    made_at: datetime


class File(NamedTuple):
    """One object of an export.

    Attributes:
        name: the object's.
        records: how many it has; None for the cover sheet.
        bytes: its size.
    """

    name: str
    records: int | None
    bytes: int


class ErasedMeanwhile(Exception):
    """An export was deleted while it was written: by an erasure or an offboarding."""


class Writing:
    """Writes the objects of one export.

    Their names begin with the partner and the project: who may have its users' data exported may
    read them there. A partner who takes over a project's name reads none of the former one's.

    Args:
        bucket: takes the objects.
        objects: those that the bucket has.
        owner: the project that the person is a user of, and its partner.
        export_id: of the export.

    Attributes:
        files: that are written, the index aside.
    """

    def __init__(
        self, bucket: ObjectWriter, objects: Storage, owner: Owner, export_id: str
    ) -> None:
        self._bucket = bucket
        self._objects = objects
        self._folder = f"{PREFIX}{owner.partner}/{owner.project}/{export_id}/"
        self.files: list[File] = []

    async def begin(self, index: Index) -> None:
        """Write whose it is: from now on an erasure finds it.

        Raises:
            BucketUnavailable: the bucket did not take it. So for what follows.
        """
        await self._write(INDEX, msgspec.json.encode(index), "application/json")

    async def add(self, name: str, records: Sequence[object]) -> None:
        """Write records as JSON Lines; no object for none."""
        if records:
            content = msgspec.json.Encoder().encode_lines(records)
            name = await self._write(f"{name}.jsonl", content, "application/x-ndjson")
            self.files.append(File(name, len(records), len(content)))

    async def finish(self, sheet: str) -> None:
        """Write the cover sheet, without which an export is not finished.

        Raises:
            BucketUnavailable: the bucket did not answer.
            ErasedMeanwhile: it was deleted by then, and so is what was written since.
        """
        content = sheet.encode()
        name = await self._write("cover-sheet.html", content, "text/html; charset=utf-8")
        self.files.insert(0, File(name, None, len(content)))
        if not await self._objects.find(self._folder + INDEX):
            await _delete_parts(self._objects, self._folder)
            raise ErasedMeanwhile

    async def _write(self, name: str, content: bytes, content_type: str) -> str:
        path = self._folder + name
        await self._bucket.write(path, content, content_type=content_type, within=WRITE_SECONDS)
        return path


@dataclass(frozen=True, slots=True)
class ExportedCopies:
    """Exports as a place that erasures reach.

    Args:
        objects: the bucket's.
    """

    objects: Storage

    async def rewrite(
        self, scopes: Scopes, counts: Counts, out_of_time: Callable[[], bool]
    ) -> None:
        """Delete the exports of people who are covered, whatever else is in them.

        An export has all that was held when it was made, so the time of its making counts: until
        the execution of the erasure, and not only up to the request for it.

        Raises:
            OutOfTime: not all was looked at.
            BucketUnavailable: the bucket did not answer.
        """
        objects = await self.objects.find(PREFIX)
        scopes_by_person = defaultdict(list)
        for scope in scopes if objects else ():
            scopes_by_person[scope.project, scope.user_key].append(scope)
        for index in [stored for stored in objects if stored.name.endswith(f"/{INDEX}")]:
            if out_of_time():
                raise OutOfTime
            content = await self.objects.read(index)
            erasure_ids = _erasures(content, scopes_by_person) if content is not None else ()
            if erasure_ids:
                await self._delete(index)
                counts.update((erasure_id, "exports_deleted") for erasure_id in erasure_ids)

    async def _delete(self, index: Stored) -> None:
        """Delete an export, which somebody may just be making.

        Who makes it sees at the end whether the index is there. What was written while it still
        was is looked for again once it is gone.
        """
        folder = index.name.removesuffix(INDEX)
        await _delete_parts(self.objects, folder)
        await self.objects.delete(index)
        await _delete_parts(self.objects, folder)


async def _delete_parts(objects: Storage, folder: str) -> None:
    """Delete an export but its index, without which nobody finds the others."""
    for stored in await objects.find(folder):
        if stored.name != folder + INDEX:
            await objects.delete(stored)


def _erasures(
    content: bytes, scopes_by_person: Mapping[tuple[str, str], Sequence[Scope]]
) -> Collection[str]:
    """Return the erasures that take an export along; what cannot be read goes within a day."""
    try:
        index = msgspec.json.decode(content, type=Index)
    except msgspec.DecodeError:
        return ()
    return {
        scope.erasure_id
        for key in index.user_keys
        for scope in scopes_by_person.get((index.project, key), ())
        if scope.executed_at is None or index.made_at <= scope.executed_at
    }
