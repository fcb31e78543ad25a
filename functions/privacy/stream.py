"""Deletions in the chat: a person deletes their profile, or comes back and takes that back.

Pub/Sub pushes both events, in any order and any number of times. What each means follows from when
it was received, so every order leads to the same: each adds what it says, unless that is there,
and then what was taken back is restored.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, NamedTuple

from starlette.responses import Response

from functions.closed import ClosedList, ClosedUnavailable
from functions.events.body import BadMessage
from functions.events.catalogue import snake_case
from functions.events.envelope import Attributes, parse_time
from functions.events.layout import Layouts
from functions.events.person import user_id
from functions.log import log
from functions.privacy import periods
from functions.privacy.people import user_keys
from functions.privacy.receipts import Receipt, Receipts
from functions.privacy.refusal import Refused, later
from functions.privacy.restoring import restoration
from functions.privacy.routes import Asked
from functions.pseudonym import PseudonymKeys
from functions.push import Message, parse_push
from functions.services import Statements

DELETED, RESTORED = "delete_profile_confirmed", "account_restored"


class Unusable(Exception):
    """A message that tells of nobody's deletion, however often it comes.

    Args:
        reason: a code such as ``no_user_id``; it names no value.
    """


class Told(NamedTuple):
    """What a message says.

    Attributes:
        event: `DELETED` or `RESTORED`.
        partner: the person's.
        project: the person's.
        user_keys: of the person, of every version of the key.
        received_at: when the event was received.
    """

    event: str
    partner: str
    project: str
    user_keys: list[str]
    received_at: datetime


class Stream:
    """Takes what Pub/Sub pushes.

    Args:
        statements: of ``sql/privacy``.
        receipts: where filing and restoring are noted.
        keys: of user keys.
        layouts: of the catalogue's events.
        closed: returns the list of partners who have left: of them nothing is filed any more.
        now: the clock, with an offset.
        new_id: returns a fresh erasure id, in the order of time.
    """

    def __init__(
        self,
        statements: Statements,
        receipts: Receipts,
        keys: PseudonymKeys,
        layouts: Layouts,
        *,
        closed: Callable[[], Awaitable[ClosedList]],
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._statements = statements
        self._receipts = receipts
        self._keys = keys
        self._layouts = layouts
        self._closed = closed
        self._now = now
        self._new_id = new_id

    async def take(self, asked: Asked) -> Response:
        """``POST /stream``: 204 once what the message says is filed, or says nothing of anybody.

        Raises:
            Refused: it is not Pub/Sub that asks (403), or no push (400); or it is not known who has
                left (503), and Pub/Sub comes again.
            StatementFailed: it is not known to be filed; Pub/Sub comes again.
        """
        if not asked.caller.is_push:
            raise Refused(403, "Only Pub/Sub may do this")
        try:
            message = parse_push(asked.body).message
        except ValueError:
            raise Refused(400, "Not a Pub/Sub push") from None
        try:
            closed = await self._closed()
        except ClosedUnavailable:
            raise later("Who has left cannot be read at the moment") from None
        if closed.covers(message.attributes):
            return Response(status_code=204)
        try:
            told = self._read(message)
        except Unusable as unusable:
            log("WARNING", "deletion in the chat names nobody", reason=str(unusable))
            return Response(status_code=204)
        await self._file(told)
        return Response(status_code=204)

    def _read(self, message: Message) -> Told:
        try:
            known = Attributes.from_mapping(message.attributes)
        except ValueError:
            raise Unusable("bad_attributes") from None
        event = snake_case(known.event or "")
        if known.kind != "chat" or event not in {DELETED, RESTORED}:
            raise Unusable("another_event")
        if known.project is None:
            raise Unusable("no_project")
        try:
            user = user_id(message.data, known.kind, self._layouts)
        except BadMessage as bad:
            raise Unusable(bad.reason) from None
        if user is None:
            raise Unusable("no_user_id")
        keys = user_keys(self._keys, known.project, [user])
        received_at = parse_time(known.received_at)
        return Told(event, known.partner, known.project, keys, received_at)

    async def _file(self, told: Told) -> None:
        whom: dict[str, Any] = {"project": told.project, "user_keys": told.user_keys}
        new = whom | {
            "erasure_id": self._new_id(),
            "partner": told.partner,
            "received_at": told.received_at,
        }
        if told.event == DELETED:
            due_at = told.received_at + periods.GRACE
            await self._statements.change("file_deletion", due_at=due_at, **new)
        else:
            forget_at = self._now() + periods.REMEMBERED
            await self._statements.change("file_restoration", forget_at=forget_at, **new)
        await self._statements.change("drop_overtaken")
        await self._statements.change("restore_missed")
        receipts: list[Receipt] = []
        for row in await self._statements.rows("find_deletions", **whom):
            receipts.append(_filed(told, row["erasure_id"]))
            if row["status"] == "restored":
                receipts.append(restoration(row["erasure_id"], told.partner, told.project))
        await self._receipts.add_all(receipts)


def _filed(told: Told, erasure_id: str) -> Receipt:
    return Receipt(
        receipt_id=f"{erasure_id}/filed",
        operation="erasure",
        reference=erasure_id,
        detail={"step": "filed", "source": "stream", "mode": "grace", "rows": "anonymise"},
        partner=told.partner,
        project=told.project,
        people=1,
    )
