"""``/erasures``: records, lists and shows erasures, and takes them back."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, get_args

import msgspec
from starlette.responses import Response

from functions.observe.log import log
from functions.privacy.erasures.filing import Draft, Earlier, Filed, Filing
from functions.privacy.erasures.preview import Preview
from functions.privacy.erasures.request import ErasureRequest
from functions.privacy.erasures.restoration import Restoring
from functions.privacy.records.erasure_log import PAGE, Entry, ErasureLog, Status, is_erasure_id
from functions.privacy.requests.caller import Caller
from functions.privacy.requests.people import decode
from functions.privacy.requests.request import PrivacyRequest
from functions.warehouse.statements import StatementFailed
from functions.warehouse.together import together
from functions.web.problem import ProblemError


class Executor(Protocol):
    """Executes erasures; `functions.privacy.sweep.job.Sweep` is the implementation."""

    async def look(self) -> Any:
        """Find out which work is due. Pass the result to `prepare` and `run`.

        Raises:
            StatementFailed: the store could not be read.
        """

    async def prepare(self, seen: Any) -> None:
        """Count people a last time before erasures without a grace period are executed.

        Args:
            seen: what `look` returned.

        Raises:
            StatementFailed: it is unknown whether all people are counted.
        """

    async def run(self, erasure_ids: Sequence[str], *, prepared: Any) -> object:
        """Execute the erasures with these ids. Call `prepare` first.

        If a service does not answer, the execution may end early without an error. The next sweep
        then continues the execution.

        Args:
            erasure_ids: the ids of the erasures.
            prepared: what `look` returned.

        Raises:
            StatementFailed: a statement failed, and not all of these erasures are executed.
        """


@dataclass(frozen=True, slots=True)
class Erasures:
    """Answers requests to ``/erasures``.

    Args:
        partner_of: returns the partner of a project; raises ProblemError if the caller may not act
            on the project.
        filing: records erasures.
        preview: counts the rows that an erasure would change.
        erasure_log: reads recorded erasures.
        restoring: restores people during the grace period.
        executor: executes erasures that have no grace period.
    """

    partner_of: Callable[[Caller, str], Awaitable[str]]
    filing: Filing
    preview: Preview
    erasure_log: ErasureLog
    restoring: Restoring
    executor: Executor

    async def file(self, request: PrivacyRequest) -> Response:
        """``POST /erasures``: records an erasure and hides the people.

        Answers 202, or 200 if all erasures that apply to the people are executed. A dry run only
        counts rows, and answers 200.

        Raises:
            DecodeError: the body is not valid.
            ProblemError: the caller may not act on the project (403), two partners have data under
                its name (409), or the project was never pinned to this cell and has no data here
                (422).
            StatementFailed: it is unknown whether all people are recorded; the request can be
                repeated.
        """
        wanted = decode(request.body, ErasureRequest)
        request.caller.must_have(wanted.project)
        owner = self.partner_of(request.caller, wanted.project)
        if wanted.dry_run:
            await owner
            return _json({"dry_run": True} | await self.preview.count(wanted))
        draft = self.filing.draft(wanted)
        if wanted.mode == "immediate":
            partner, earlier, seen = await together(
                owner, self.filing.find_earlier(draft), self.executor.look()
            )
            filed = await self._erase(draft, partner, earlier, seen, request.caller.email)
        else:
            partner, earlier = await together(owner, self.filing.find_earlier(draft))
            await self.filing.store(draft, partner, earlier)
            filed = await self.filing.note(draft, partner, request.caller.email)
        matters = (f"{partner}/{wanted.project}",)
        entries = await together(*(self._found(each, matters) for each in filed.all_ids))
        executed = all(entry.status == "executed" for entry in entries)
        answer = msgspec.to_builtins(entries[0])
        if filed.filed_before:
            answer["filed_before"] = filed.filed_before
        return _json(answer, 200 if executed else 202)

    async def _erase(
        self, draft: Draft, partner: str, earlier: Earlier, seen: Any, requested_by: str
    ) -> Filed:
        """Record an erasure and execute it at once. Independent steps run at the same time.

        If the execution fails, the people stay hidden until the next sweep executes the erasure.
        """
        _, is_prepared = await together(
            self.filing.store(draft, partner, earlier), _succeeds(self.executor.prepare(seen))
        )
        note = self.filing.note(draft, partner, requested_by)
        if not is_prepared:
            return await note
        ids = {draft.erasure_id, *earlier.erasure_ids}
        run = self.executor.run
        filed: Filed
        filed, _ = await together(note, _succeeds(run(tuple(sorted(ids)), prepared=seen)))
        if missed := tuple(set(filed.all_ids) - ids):  # filed by a concurrent request
            await _succeeds(run(missed, prepared=seen))
        return filed

    async def list_all(self, request: PrivacyRequest) -> Response:
        """``GET /erasures``: lists the erasures of the caller's projects, newest first.

        Raises:
            ProblemError: a parameter is unknown or not valid (400), or the caller may not act on
                the project (403).
        """
        query = request.query
        unknown = query.keys() - {"project", "status", "before"}
        if unknown:
            raise ProblemError(400, "The only parameters are `project`, `status` and `before`")
        project, status, before = (query.get(name) for name in ("project", "status", "before"))
        if status is not None and status not in get_args(Status):
            raise ProblemError(400, "`status` must be one of " + ", ".join(get_args(Status)))
        if before is not None and not is_erasure_id(before):
            raise ProblemError(400, "`before` is not the id of an erasure")
        if project is not None:
            if not project:
                raise ProblemError(400, "`project` is empty")
            request.caller.must_have(project)
        entries = await self.erasure_log.page(
            request.caller.matters(project or ""), status or "", before or "", project or ""
        )
        answer: dict[str, Any] = {"erasures": entries}
        if len(entries) == PAGE:
            answer["before"] = entries[-1].erasure_id
        return _json(answer)

    async def show(self, request: PrivacyRequest) -> Response:
        """``GET /erasures/{id}``: shows one erasure with its receipts.

        After all its tombstones have expired, only the receipts are left.

        Raises:
            ProblemError: the caller's projects have no erasure with this id (404).
        """
        return _json(await self._found(request.id, request.caller.matters()))

    async def restore(self, request: PrivacyRequest) -> Response:
        """``DELETE /erasures/{id}``: restores the people of an erasure during its grace period.

        Raises:
            ProblemError: the caller's projects have no erasure with this id (404); the erasure has
                no grace period or is being executed (409); or it was executed (410).
        """
        entry = await self._found(request.id, request.caller.matters())
        await self.restoring.restore(entry, request.caller.email)
        return _json(await self._found(request.id, request.caller.matters()))

    async def _found(self, erasure_id: str, matters: Sequence[str]) -> Entry:
        entry = await self.erasure_log.find(erasure_id, matters)
        if entry is None:
            raise ProblemError(404, "Your projects have no erasure with this id")
        return entry


async def _succeeds(action: Awaitable[object]) -> bool:
    """Wait for a part of an execution; return whether it succeeded. A failure is logged."""
    try:
        await action
    except StatementFailed as failure:
        log("WARNING", "erasure left to the next sweep", failed=failure.statement)
        return False
    return True


def _json(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
