"""The way of one request through the receiver."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from functions.acceptance import signature
from functions.acceptance.admission import Admission
from functions.acceptance.body import ReceivedEvent, parse
from functions.acceptance.partners import Partner
from functions.acceptance.partners_file import PartnersUnavailable
from functions.acceptance.placement import ELSEWHERE, NOT_PUBLISHABLE, Placement, place
from functions.acceptance.sender import Sender, message_of
from functions.acceptance.values import NotJson
from functions.batching import QueueFull
from functions.bucket import BucketUnavailable
from functions.closed import ClosedUnavailable
from functions.events.envelope import format_time
from functions.intake import Intake, MeteredReceive
from functions.message import Message
from functions.quarantine import Quarantine
from functions.receive import answers
from functions.receive.answers import Refusal
from functions.receive.aside import Aside
from functions.receive.durable import Durable, NotDurable
from functions.receive.request import READS, bearer_token, read_body, route, sender_id
from functions.receive.settings import Settings
from functions.receive.tally import Tally
from functions.tally import Paced

UNAVAILABLE: dict[type[Exception], tuple[str, str]] = {
    PartnersUnavailable: ("partners_unavailable", "tokens cannot be checked now"),
    ClosedUnavailable: ("closed_unavailable", "it is not known now whose tokens are closed"),
    BucketUnavailable: ("bucket_unavailable", "nothing of this request is known to be stored"),
    NotDurable: ("publish_failed", "not every event of this request is known to be stored"),
    QueueFull: ("queue_full", "too much waits to be stored"),
}
"""What is answered with 503: reason and detail."""


class Receiver:
    """Answers webhooks; 2xx only when every event of the request is durable.

    Args:
        settings: its limits, and which cell this is.
        admission: who may send.
        durable: takes what is accepted.
        quarantine: takes what was authenticated but is not acceptable.
        tally: counts what becomes of it.
        paced: writes the counts.
    """

    def __init__(
        self,
        settings: Settings,
        admission: Admission,
        durable: Durable,
        quarantine: Quarantine,
        tally: Tally,
        paced: Paced,
    ) -> None:
        self._settings = settings
        self._admission = admission
        self._durable = durable
        self._aside = Aside(quarantine, tally.quarantine)
        self._tally = tally
        self._paced = paced
        self._intake = Intake(settings.max_waiting_bytes)

    async def handle(self, request: Request) -> Response:
        """Answer one request."""
        receive = MeteredReceive(request.receive, self._intake)
        try:
            return await self._answer(request, receive)
        except Refusal as refusal:
            self._tally.refuse_all(refusal.answer)
            return refusal.answer
        except tuple(UNAVAILABLE) as error:
            reason, detail = UNAVAILABLE[type(error)]
            self._tally.refuse(reason)
            return answers.unavailable(reason, detail)
        finally:
            receive.release()
            self._paced.write_when_due()

    async def _answer(self, request: Request, receive: Receive) -> Response:
        target = route(request)
        directory = await self._admission.current()
        if target is None:
            return answers.ok()
        found = directory.find(target.token or bearer_token(request))
        if found is None:
            raise Refusal(answers.unauthorized())
        self._tally.hear(found[0])
        if request.scope["method"] in READS:
            return answers.ok()
        body = await read_body(request, receive, self._settings.max_request_bytes)
        if found[1].signing_secrets:
            self._check_signature(found[1], request, body)
        return await self._receive(body, Sender(*found, target.kind, sender_id(request)))

    def _check_signature(self, partner: Partner, request: Request, body: bytes) -> None:
        """Refuse a body that its partner did not sign."""
        if not signature.verify(
            partner.signing_secrets,
            request.headers,
            body,
            now=time.time(),
            tolerance=self._settings.signature_tolerance_seconds,
        ):
            raise Refusal(answers.unsigned())

    async def _receive(self, body: bytes, sender: Sender) -> Response:
        received_at = format_time(datetime.now(UTC))
        try:
            events = parse(body, self._settings.max_request_events)
        except NotJson as error:
            await self._aside.keep("not_json", sender, body, received_at)
            raise Refusal(answers.problem(400, "not_json", str(error))) from None
        if len(events) > self._settings.max_request_events:
            raise Refusal(answers.too_many(self._settings.max_request_events))
        cell, most = self._settings.cell, self._settings.max_event_bytes
        placements = [place(event, sender.record, cell, most) for event in events]
        if ELSEWHERE in placements:
            raise Refusal(answers.refused(placements, 421))
        return await self._store(events, placements, sender, received_at)

    async def _store(
        self,
        events: Sequence[ReceivedEvent],
        placements: Sequence[Placement],
        sender: Sender,
        received_at: str,
    ) -> Response:
        """Quarantine what is refused, then store the rest: a failure claims nothing."""
        ids: list[str | None] = [None] * len(events)
        positions: list[int] = []
        messages: list[Message] = []
        refused: dict[int, Placement] = {}
        for position, (event, placement) in enumerate(zip(events, placements, strict=True)):
            if placement.status == 200:
                message = message_of(event, placement.project, sender, position, received_at)
                ids[position] = message.attributes.ingest_id
                positions.append(position)
                messages.append(message)
            else:
                refused[position] = placement
        if refused:
            await self._aside.keep_all(refused, events, sender, received_at)
        unpublished = await self._durable.store(messages) if messages else ()
        if not unpublished:
            return self._stored(placements, ids)
        refused = {positions[number]: NOT_PUBLISHABLE for number in unpublished}
        await self._aside.keep_all(refused, events, sender, received_at)
        outcomes = [refused.get(position, placed) for position, placed in enumerate(placements)]
        return self._stored(outcomes, ids)

    def _stored(self, outcomes: Sequence[Placement], ids: Sequence[str | None]) -> Response:
        """Answer a request of which everything is durable: accepted or quarantined."""
        if len(outcomes) == 1 and outcomes[0].status == 200:  # as most requests
            self._tally.accept(1)
            return answers.accepted_one(str(ids[0]))
        refused = [outcome for outcome in outcomes if outcome.status != 200]
        if len(refused) == len(outcomes):
            alike = {outcome.status for outcome in outcomes}
            raise Refusal(answers.refused(outcomes, alike.pop() if len(alike) == 1 else 422))
        self._tally.accept(len(outcomes) - len(refused))
        for outcome in refused:
            self._tally.refuse(outcome.reason)
        return answers.accepted(outcomes, ids)
