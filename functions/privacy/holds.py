"""``/holds``: legal holds, which keep people's data from being erased."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from functions.privacy.records.receipts import Receipt
from functions.privacy.requests.context import Context
from functions.privacy.requests.people import Id, decode, names_one, user_keys
from functions.privacy.requests.request import PrivacyRequest
from functions.web.problem import ProblemError

IDS = 10_000
"""The maximum number of ids in one hold."""


class HoldRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /holds``.

    Attributes:
        project: the project that the people are users of.
        ids: all ids that the people have in the project.
        reason: why the data must be kept. The reason is stored, so it must not name a person.
        until: when the hold ends (timezone-aware), unless it is released before.
    """

    project: Annotated[str, msgspec.Meta(min_length=1)]
    ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=IDS)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
    until: Annotated[datetime, msgspec.Meta(tz=True)]

    def __post_init__(self) -> None:  # noqa: D105 - msgspec's hook for further checks
        try:
            self.until.astimezone(UTC)
        except OverflowError:
            raise ValueError("`until` is before the year 1 or after the year 9999 in UTC") from None
        if names_one(self.reason, self.ids):
            raise ValueError("`reason` must not name a person, because reasons are stored")


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """One legal hold.

    Attributes:
        hold_id: the id of the hold.
        partner: the partner that the project belongs to.
        project: the project that the people are users of.
        reason: why the data must be kept.
        filed_at: when the hold was recorded (UTC).
        filed_by: the address of the caller who requested the hold.
        until: when the hold ends, unless it is released before (UTC).
        released_at: when the hold was released (UTC); None if it was not.
        user_keys: the number of user keys on hold.
    """

    hold_id: str
    partner: str
    project: str
    reason: str
    filed_at: datetime
    filed_by: str
    until: datetime
    released_at: datetime | None
    user_keys: int


@dataclass(frozen=True, slots=True)
class Holds:
    """Answers requests to ``/holds``.

    Args:
        context: the statements, keys and clock that all operations share.
    """

    context: Context

    async def file(self, request: PrivacyRequest) -> Response:
        """``POST /holds``: records a legal hold, and answers 201 with the hold.

        A repeated request returns the same hold. If a sweep is executing an erasure of these
        people, the hold stops the execution, but does not bring back data that is already erased.

        Raises:
            DecodeError: the body is not valid.
            ProblemError: the caller may not act on the project (403), two partners have data under
                its name (409), the project was never pinned to this cell and has no data here
                (422), or ``until`` is not in the future (422).
            StatementFailed: it is unknown whether the hold is recorded; the request can be
                repeated.
        """
        wanted = decode(request.body, HoldRequest)
        request.caller.must_have(wanted.project)
        now = self.context.now()
        if wanted.until <= now:
            raise ProblemError(422, "`until` must be in the future")
        partner = await self.context.partner_of(request.caller, wanted.project)
        alike: dict[str, Any] = {
            "project": wanted.project,
            "user_keys": user_keys(self.context.keys, wanted.project, wanted.ids),
            "reason": wanted.reason,
            "until": wanted.until,
        }
        filing = {
            "hold_id": self.context.new_id(),
            "partner": partner,
            "filed_by": request.caller.email,
        }
        await self.context.statements.change("file_hold", now=now, **filing, **alike)
        rows = await self.context.statements.rows("find_same_hold", **alike)
        hold = await self._found(rows[0]["hold_id"], (f"{partner}/{wanted.project}",))
        await self._note("hold", hold, hold.filed_by, {"until": hold.until, "reason": hold.reason})
        return _json(hold, 201)

    async def list_all(self, request: PrivacyRequest) -> Response:
        """``GET /holds``: lists the holds of the caller's projects, newest first.

        Holds that were released or have ended stay in the list for as long as they are stored.
        """
        return _json({"holds": await self._find(request.caller.matters())})

    async def release(self, request: PrivacyRequest) -> Response:
        """``DELETE /holds/{id}``: releases a hold, and answers 200 with the hold.

        After that, a sweep executes the erasures that waited for the end of the hold.

        Raises:
            ProblemError: the caller's projects have no hold with this id (404).
            StatementFailed: it is unknown whether the hold is released; the request can be
                repeated.
        """
        hold = await self._found(request.id, request.caller.matters())
        await self.context.statements.change(
            "release_hold", hold_id=hold.hold_id, now=self.context.now()
        )
        hold = await self._found(hold.hold_id, request.caller.matters())
        await self._note("release", hold, request.caller.email, {"released_at": hold.released_at})
        return _json(hold)

    async def _found(self, hold_id: str, matters: Sequence[str]) -> Hold:
        holds = await self._find(matters, hold_id) if hold_id else []
        if not holds:
            raise ProblemError(404, "Your projects have no hold with this id")
        return holds[0]

    async def _find(self, matters: Sequence[str], hold_id: str = "") -> list[Hold]:
        rows = await self.context.statements.rows("list_holds", matters=matters, hold_id=hold_id)
        return [msgspec.convert(dict(row), Hold) for row in rows]

    async def _note(
        self, operation: str, hold: Hold, requested_by: str, detail: dict[str, object]
    ) -> None:
        receipt = Receipt(
            receipt_id=f"{hold.hold_id}/{operation}",
            operation=operation,
            reference=hold.hold_id,
            detail=detail | {"user_keys": hold.user_keys},
            partner=hold.partner,
            project=hold.project,
            requested_by=requested_by,
        )
        await self.context.receipts.add(receipt)


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
