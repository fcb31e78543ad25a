"""Writes the objects of exports, and deletes the exports of people who are erased."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec

from functions.google.storage import Bucket, CloudStorage, Stored
from functions.privacy.deadline import OutOfTime
from functions.privacy.erasures.execution import Counts
from functions.privacy.erasures.scope import Scope, Scopes
from functions.privacy.exports.messages import Owner

PREFIX = "exports/"
"""The prefix of exports in the bucket. A lifecycle rule deletes objects below this prefix after
`functions.privacy.periods.EXPORTED`."""

INDEX = "index.json"
"""The object that says whose data an export contains. It is written first. A sweep deletes it only
after the other objects that the sweep finds."""

WRITE_SECONDS = 30.0


class Index(msgspec.Struct, frozen=True):
    """Says whose data an export contains.

    Attributes:
        project: the project that the person is a user of.
        user_keys: the person's user keys.
        made_at: when the export began (UTC).
    """

    project: str
    user_keys: tuple[str, ...]
    made_at: datetime


class File(NamedTuple):
    """One object of an export.

    Attributes:
        name: the object's name.
        records: the number of records in it; None for the cover sheet.
        bytes: the object's size in bytes.
    """

    name: str
    records: int | None
    bytes: int


class ErasedMeanwhile(Exception):
    """An erasure or an offboarding deleted the export while it was written."""


class Writing:
    """Writes the objects of one export.

    The objects' names begin with ``exports/<partner>/<project>/``. Callers who may export data of
    the project may read the objects below this prefix. The prefix names the partner, because a
    project may move to another partner, who must not read earlier exports.

    Args:
        bucket: writes the objects.
        objects: lists and deletes the bucket's objects.
        owner: the person's project, and the partner that it belongs to.
        export_id: the id of the export.

    Attributes:
        files: the objects written so far, without the index.
    """

    def __init__(self, bucket: Bucket, objects: CloudStorage, owner: Owner, export_id: str) -> None:
        self._bucket = bucket
        self._objects = objects
        self._folder = f"{PREFIX}{owner.partner}/{owner.project}/{export_id}/"
        self.files: list[File] = []

    async def begin(self, index: Index) -> None:
        """Write the index. After that, an erasure of the person finds and deletes the export.

        Raises:
            BucketUnavailable: the bucket did not answer.
        """
        await self._write(INDEX, msgspec.json.encode(index), "application/json")

    async def add(self, name: str, records: Sequence[object]) -> None:
        """Write records as one object of JSON Lines. If there are no records, write no object.

        Raises:
            BucketUnavailable: the bucket did not answer.
        """
        if records:
            content = msgspec.json.Encoder().encode_lines(records)
            name = await self._write(f"{name}.jsonl", content, "application/x-ndjson")
            self.files.append(File(name, len(records), len(content)))

    async def finish(self, sheet: str) -> None:
        """Write the cover sheet, the last object of an export.

        Raises:
            BucketUnavailable: the bucket did not answer.
            ErasedMeanwhile: the export was deleted while it was written. This method has also
                deleted the objects that were written after that.
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
    """Deletes all objects of the exports of people who are erased.

    Args:
        objects: the bucket's objects.
    """

    objects: CloudStorage

    async def rewrite(
        self, scopes: Scopes, counts: Counts, out_of_time: Callable[[], bool]
    ) -> None:
        """Delete the exports of people whose erasures are due or executed.

        The deleted exports are counted by erasure.

        An export is deleted if it began before the erasure was executed, even if it began after the
        cut-off: it may still contain events from before the cut-off. If a repeated request moved
        the cut-off after the execution, exports that began before the new cut-off are deleted too.

        Raises:
            OutOfTime: some exports were not checked.
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
        """Delete an export, even if it is still being written.

        The first call of `_delete_parts` may miss objects that are written at the same time, so a
        second call follows. `Writing.finish` deletes objects that are written after that.
        """
        folder = index.name.removesuffix(INDEX)
        await _delete_parts(self.objects, folder)
        await self.objects.delete(index)
        await _delete_parts(self.objects, folder)


async def _delete_parts(objects: CloudStorage, folder: str) -> None:
    """Delete the objects of an export, but not the index: sweeps find exports by their index."""
    for stored in await objects.find(folder):
        if stored.name != folder + INDEX:
            await objects.delete(stored)


def _erasures(
    content: bytes, scopes_by_person: Mapping[tuple[str, str], Sequence[Scope]]
) -> Collection[str]:
    """Return the ids of the erasures because of which an export must be deleted.

    If `content`, the index of the export, is malformed, the result is empty. Then the bucket's
    lifecycle rule deletes the export.
    """
    try:
        index = msgspec.json.decode(content, type=Index)
    except msgspec.DecodeError:
        return ()
    return {
        scope.erasure_id
        for key in index.user_keys
        for scope in scopes_by_person.get((index.project, key), ())
        if scope.executed_at is None or index.made_at <= max(scope.executed_at, scope.cut_off)
    }
