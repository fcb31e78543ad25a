"""``POST /exports``: makes a copy of all data about one person (Art. 15 and 20 GDPR)."""

import time
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Annotated, NamedTuple

import msgspec
from starlette.responses import Response

from functions.google.storage import Bucket, BucketUnavailable, CloudStorage
from functions.observe.log import log
from functions.privacy.exports.messages import Owner
from functions.privacy.exports.retained import RetainedEvents
from functions.privacy.exports.sheet import Sheet
from functions.privacy.exports.storage import ErasedMeanwhile, Index, Writing
from functions.privacy.exports.tables import Subject, Tables
from functions.privacy.periods import EXPORTED
from functions.privacy.records.receipts import Receipt
from functions.privacy.requests.context import Context
from functions.privacy.requests.people import IDS_OF_A_PERSON, Id, decode, user_keys
from functions.privacy.requests.request import PrivacyRequest
from functions.web.problem import retry_later


class ExportRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /exports``.

    Attributes:
        project: the project that the person is a user of.
        ids: all ids of the person in this project.
    """

    project: Annotated[str, msgspec.Meta(min_length=1)]
    ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=IDS_OF_A_PERSON)]


class Sources(NamedTuple):
    """The places that an export searches.

    Attributes:
        tables: reads the tables of the store.
        retained: searches the bucket's objects and the dead letters.
    """

    tables: Tables
    retained: RetainedEvents


class Deployment(NamedTuple):
    """Facts about the cell that an export states.

    Attributes:
        bucket: the name of the cell's bucket.
        location: the cell's region.
        retention_days: the number of days for which events are kept.
    """

    bucket: str
    location: str
    retention_days: int


@dataclass(frozen=True, slots=True)
class Exports:
    """Makes exports. Each request makes a new export, and does not change the exported data.

    Args:
        context: the statements, keys and clock that all operations share.
        sources: the places to search.
        bucket: writes the objects of an export.
        objects: lists, reads and deletes the bucket's objects.
        deployment: the facts about the cell that an export states.
        seconds: the time limit of the search, in seconds. Objects and dead letters are searched in
            the first half of this time. The response lists the places that were not searched
            completely.
        clock: returns the seconds of a monotonic clock.
    """

    context: Context
    sources: Sources
    bucket: Bucket
    objects: CloudStorage
    deployment: Deployment
    _: KW_ONLY
    seconds: float
    clock: Callable[[], float] = time.monotonic

    async def make(self, request: PrivacyRequest) -> Response:
        """``POST /exports``: makes an export, and answers 200 when all its objects are written.

        The answer names the objects, and says whether the export is complete.

        Raises:
            DecodeError: the body is not valid.
            ProblemError: the caller may not act on the project (403), two partners have data under
                its name (409), the project was never pinned to this cell and has no data here
                (422), the bucket does not answer (503), or an erasure or an offboarding deleted the
                export before it was finished (503).
            StatementFailed: a table was not read, or it is unknown whether the receipt was written.
                The bucket's lifecycle rule deletes the objects of the unfinished export.
        """
        wanted = decode(request.body, ExportRequest)
        partner = await self.context.partner_of(request.caller, wanted.project)
        keys = user_keys(self.context.keys, wanted.project, wanted.ids)
        subject = Subject(Owner(partner, wanted.project), frozenset(wanted.ids), keys)
        export_id = self.context.new_id()
        deployment = self.deployment
        sheet = Sheet(
            self.context.now(),
            partner,
            subject.project,
            deployment.location,
            deployment.retention_days,
        )
        writing = Writing(self.bucket, self.objects, subject.owner, export_id)
        try:
            await self._write(writing, subject, sheet)
        except BucketUnavailable:
            raise retry_later("The bucket does not answer") from None
        except ErasedMeanwhile:
            raise retry_later("Data of this person was erased during the export") from None
        counts = {"records": sheet.counts, "unreadable": sheet.unreadable}
        goes_at = sheet.made_at + EXPORTED
        await self.context.receipts.add(
            Receipt(
                receipt_id=f"{export_id}/export",
                operation="export",
                reference=export_id,
                detail={**counts, "missing": sheet.missing, "goes_at": goes_at.isoformat()},
                partner=partner,
                project=wanted.project,
                requested_by=request.caller.email,
                people=1,
            )
        )
        log("NOTICE", "exported", export=export_id, missing=sheet.missing, **counts)
        answer = {
            "id": export_id,
            "project": wanted.project,
            "bucket": self.deployment.bucket,
            "objects": [file._asdict() for file in writing.files],
            **counts,
            "is_complete": not sheet.missing,
            "missing": sheet.missing,
            "made_at": sheet.made_at,
            "goes_at": goes_at,
        }
        return Response(msgspec.json.encode(answer), media_type="application/json")

    async def _write(self, writing: Writing, subject: Subject, sheet: Sheet) -> None:
        """Search all places, and write the export.

        The tables are searched last, because events may move from the bucket to a table during the
        search.
        """
        began = self.clock()
        retained, tables = self.sources.retained, self.sources.tables

        def out_of_time(share: float) -> bool:
            return self.clock() - began >= self.seconds * share

        await writing.begin(Index(subject.project, tuple(subject.user_keys), sheet.made_at))
        waiting = await retained.objects(subject, lambda: out_of_time(0.5))
        letters = await retained.dead_letters(subject, lambda: out_of_time(0.5))
        sheet.note("retained", waiting)
        sheet.note("dead_letters", letters)
        await writing.add("retained", [*waiting.records, *letters.records])
        for table, records in sorted((await tables.records(subject, sheet.made_at)).items()):
            sheet.counts[table] = len(records)
            await writing.add(table.removesuffix("_v1"), records)
        page = 0
        async for events in tables.events(subject, self.context.now()):
            if page and out_of_time(1.0):
                sheet.missing.append("events")
                break
            page += 1
            sheet.counts.update(
                "room_events_v1" if event.get("kind") == "room" else "events_v1" for event in events
            )
            await writing.add(f"events-{page:04}", events)
        await writing.finish(sheet.render(writing.files))
