"""``POST /lookups``: user keys of ids and ids of user keys, for partners who join their own data.

What it tells, and what not:

* The user keys of an id are computed, not searched for: whoever has the right to ask could keep a
  table of them. So an id's keys are told whether or not there is such a person, and nothing about
  the person is given away: not that there are data, nor that they are hidden or erased.
* Ids of user keys come from ``identities_v1``. A hidden key is in no identity, so it is told of
  nobody. A person whose erasure is pending is not told by the own key either, unless seen again
  after it: that is a new relation. An erased person has no identity any more.
* Every look-up leaves a receipt before it is answered: who asked, for how many, and why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from starlette.responses import JSONResponse, Response

from functions.privacy.records.receipts import Receipt
from functions.privacy.requests.context import Context
from functions.privacy.requests.people import Id, names_one, user_keys
from functions.privacy.requests.request import PrivacyRequest
from functions.secrets.pseudonym_keys import USER_KEY_DIGITS

PEOPLE = 5_000
"""The most ids or user keys of one look-up."""

UserKey = Annotated[str, msgspec.Meta(pattern=f"^[0-9a-f]{{{USER_KEY_DIGITS}}}$")]


class LookupRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /lookups``: either ids or user keys.

    Attributes:
        project: that the people are users of.
        reason: why, for those who ask later; without names.
        ids: whose user keys are asked for.
        user_keys: whose ids are asked for.
    """

    project: Annotated[str, msgspec.Meta(min_length=1)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000, pattern=r"\S")]
    ids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=PEOPLE)] = ()
    user_keys: Annotated[tuple[UserKey, ...], msgspec.Meta(max_length=PEOPLE)] = ()

    def __post_init__(self) -> None:  # noqa: D105 - msgspec's hook for further checks
        if bool(self.ids) == bool(self.user_keys):
            raise ValueError("give either `ids` or `user_keys`, not both")
        if names_one(self.reason, (*self.ids, *self.user_keys)):
            raise ValueError("`reason` names a person: leave that out, because reasons are stored")


@dataclass(frozen=True, slots=True)
class Lookups:
    """Answers look-ups.

    Args:
        context: what operations work with.
    """

    context: Context

    async def ask(self, request: PrivacyRequest) -> Response:
        """Answer, in the order of the request; each id or key once.

        Raises:
            ProblemError: the project is not the caller's, or the cell cannot answer for it.
            StatementFailed: the identities were not read, or the receipt is not known to be
                written; nothing is told then.
        """
        wanted = msgspec.json.decode(request.body, type=LookupRequest)
        partner = await self.context.partner_of(request.caller, wanted.project)
        told_by = "ids" if wanted.ids else "user_keys"
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
                detail={"given": told_by, "reason": wanted.reason},
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
