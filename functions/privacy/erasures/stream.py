"""``POST /stream``: records that people deleted or restored their profile in the chat.

Pub/Sub pushes a message for each deletion and restoration. Messages that arrive at the same time
are recorded together, and each request is answered after its message is recorded. Messages may
arrive in any order and more than once; see `functions.privacy.erasures.deletions`.
"""

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.responses import Response

from functions.events.attributes import Attributes, parse_time
from functions.events.body import BadMessage
from functions.events.catalogue import snake_case
from functions.events.layout import Layouts
from functions.events.person import happened_at, user_id
from functions.observe.log import log
from functions.privacy.erasures.deletions import DELETED, RESTORED, DeletionMessage, Deletions
from functions.privacy.periods import GRACE
from functions.privacy.requests.people import user_keys
from functions.privacy.requests.request import PrivacyRequest
from functions.secrets.closed_partners import ClosedList, ClosedUnavailable
from functions.secrets.pseudonym_keys import PseudonymKeys
from functions.web.batching import Batcher
from functions.web.problem import ProblemError, retry_later
from functions.web.push import PushedMessage, parse_push

BATCH = 1_000
"""The maximum number of messages that are recorded together. The parameters of their statement take
about 0.5 MB; BigQuery allows 10 MB."""


LATEST = datetime.max.replace(tzinfo=UTC) - GRACE
"""The latest time of receipt: the grace period must end before the year 10000, because Python has
no later times. Only a damaged message has a later time of receipt."""


class Unusable(Exception):
    """The message does not say who deleted or restored a profile. A retry would not help.

    Args:
        reason: a code such as ``no_user_id``; it contains no data from the message.
    """


class Stream:
    """Records the deletions and restorations that Pub/Sub pushes.

    Args:
        deletions: records deletions and restorations.
        keys: the cell's pseudonym keys.
        layouts: the layouts of the events in the catalogue.
        closed: returns the list of closed partners, whose messages are ignored.
    """

    def __init__(
        self,
        deletions: Deletions,
        keys: PseudonymKeys,
        layouts: Layouts,
        *,
        closed: Callable[[], Awaitable[ClosedList]],
    ) -> None:
        self._deletions = deletions
        self._keys = keys
        self._layouts = layouts
        self._closed = closed
        self._batcher: Batcher[DeletionMessage, None] = Batcher(
            self._file, max_items=BATCH, max_bytes=sys.maxsize, max_in_flight=1
        )

    async def take(self, request: PrivacyRequest) -> Response:
        """``POST /stream``: records the message that Pub/Sub pushed, and answers 204.

        Messages of closed partners, and messages that name no person, are dropped with 204.

        Raises:
            ProblemError: the caller is not Pub/Sub (403), the body is not a push (400), or the
                closed list cannot be read (503). Pub/Sub retries.
            StatementFailed: it is unknown whether the message is recorded; Pub/Sub retries.
        """
        if not request.caller.is_push:
            raise ProblemError(403, "Only Pub/Sub may do this")
        try:
            message = parse_push(request.body).message
        except ValueError:
            raise ProblemError(400, "Not a Pub/Sub push") from None
        try:
            closed = await self._closed()
        except ClosedUnavailable:
            raise retry_later("The closed list cannot be read at the moment") from None
        if closed.is_closed(message.attributes):
            return Response(status_code=204)
        try:
            told = self._read(message)
        except Unusable as unusable:
            log("WARNING", "deletion in the chat without a person", reason=str(unusable))
            return Response(status_code=204)
        await self._batcher.put(told, size=1)
        return Response(status_code=204)

    def _read(self, message: PushedMessage) -> DeletionMessage:
        try:
            known = Attributes.from_mapping(message.attributes)
        except ValueError:
            raise Unusable("bad_attributes") from None
        event = snake_case(known.event or "")
        if known.kind != "chat" or event not in {DELETED, RESTORED}:
            raise Unusable("another_event")
        if known.project is None:
            raise Unusable("no_project")
        received_at = parse_time(known.received_at)
        if received_at > LATEST:
            raise Unusable("bad_attributes")
        try:
            user = user_id(message.data, known.kind, self._layouts)
            occurred_at = happened_at(message.data, known.kind, self._layouts, received_at)
        except BadMessage as bad:
            raise Unusable(bad.reason) from None
        if user is None:
            raise Unusable("no_user_id")
        keys = user_keys(self._keys, known.project, [user])
        return DeletionMessage(event, known.partner, known.project, keys, received_at, occurred_at)

    async def _file(self, told: list[DeletionMessage]) -> list[None]:
        await self._deletions.file_all(told)
        return [None] * len(told)
