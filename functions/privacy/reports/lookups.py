"""``POST /lookups``: returns the user keys of ids, or the ids of user keys.

Partners need this to join the cell's data with their own.

* User keys are computed from the ids, without reading a table. So the response has keys for each
  id, even if the cell has no data about the person, or if the person is hidden or erased.
* Ids are read from ``identities_v1``. If a person's erasure is pending or executed, no id is
  found, unless the person was seen after the cut-off. Views show a hidden person under a random
  key, which is not in this table. So no id is found for a random key.
* A receipt is written before the look-up is answered. The receipt names the caller, the number of
  people and the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from starlette.responses import JSONResponse, Response

from functions.privacy.records.receipts import Receipt
from functions.privacy.requests.context import Context
from functions.privacy.requests.people import Id, decode, names_one, user_keys
from functions.privacy.requests.request import PrivacyRequest
from functions.secrets.pseudonym_keys import USER_KEY_DIGITS

PEOPLE = 5_000
"""The maximum number of ids or user keys in one look-up."""

UserKey = Annotated[str, msgspec.Meta(pattern=f"^[0-9a-f]{{{USER_KEY_DIGITS}}}$")]


class LookupRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /lookups``: either ids or user keys.

    Attributes:
        project: the project that the people are users of.
        reason: the purpose of the look-up. The receipt stores it, so it must not name a person.
        ids: the ids to turn into user keys.
        user_keys: the user keys to turn into ids.
    """

    project: Annotated[str, msgspec.Meta(min_length=1)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000, pattern=r"\S")]
    ids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=PEOPLE)] = ()
    user_keys: Annotated[tuple[UserKey, ...], msgspec.Meta(max_length=PEOPLE)] = ()

    def __post_init__(self) -> None:  # noqa: D105 - msgspec's hook for further checks
        if bool(self.ids) == bool(self.user_keys):
            raise ValueError("Give exactly one of `ids` and `user_keys`")
        if names_one(self.reason, (*self.ids, *self.user_keys)):
            raise ValueError("`reason` must not name a person, because reasons are stored")


@dataclass(frozen=True, slots=True)
class Lookups:
    """Answers look-ups.

    Args:
        context: the statements, keys and clock that all operations share.
    """

    context: Context

    async def ask(self, request: PrivacyRequest) -> Response:
        """``POST /lookups``: answers with the user keys of each id, or the ids of each user key.

        The answer has each id or user key of the request once, in the order of the request.

        Raises:
            DecodeError: the body is not valid.
            ProblemError: the caller may not act on the project (403), two partners have data under
                its name (409), or the project was never pinned to this cell and has no data here
                (422).
            StatementFailed: the identities were not read, or it is unknown whether the receipt was
                written.
        """
        wanted = decode(request.body, LookupRequest)
        partner = await self.context.partner_of(request.caller, wanted.project)
        given = "ids" if wanted.ids else "user_keys"
        if wanted.ids:
            people = self._keys_of(wanted.project, wanted.ids)
        else:
            people = await self._ids_of(wanted.project, wanted.user_keys)
        reference = self.context.new_id()
        await self.context.receipts.add(
            Receipt(
                receipt_id=f"{reference}/lookup",
                operation="lookup",
                reference=reference,
                detail={"given": given, "reason": wanted.reason},
                partner=partner,
                project=wanted.project,
                requested_by=request.caller.email,
                people=len(people),
            )
        )
        return JSONResponse(
            {"id": reference, "project": wanted.project, "people": people},
            headers={"Cache-Control": "no-store"},
        )

    def _keys_of(self, project: str, ids: Sequence[str]) -> list[dict[str, object]]:
        return [
            {"id": user_id, "user_keys": user_keys(self.context.keys, project, [user_id])}
            for user_id in dict.fromkeys(ids)
        ]

    async def _ids_of(self, project: str, keys: Sequence[str]) -> list[dict[str, object]]:
        asked_for = list(dict.fromkeys(keys))
        rows = await self.context.statements.rows(
            "find_identities", project=project, user_keys=asked_for, now=self.context.now()
        )
        ids_by_key: dict[str, list[str]] = {}
        for row in rows:
            ids_by_key.setdefault(row["user_key"], []).append(row["user_id"])
        return [{"user_key": key, "ids": ids_by_key.get(key, [])} for key in asked_for]
