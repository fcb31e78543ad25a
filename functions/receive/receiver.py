"""Takes webhooks through all steps of the function `receive`, from the token to the answer."""

import time
from collections.abc import Mapping, Sequence
from functools import partial

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.acceptance import ingest_id, reasons, signature
from functions.acceptance.admission import Admission
from functions.acceptance.body import ReceivedEvent, parse
from functions.acceptance.partners import Partner, PartnersUnavailable, RecordFaulty, Unclear
from functions.acceptance.placement import (
    DISPUTED,
    ELSEWHERE,
    NOT_PUBLISHABLE,
    QUARANTINE_FULL,
    Placement,
    place,
)
from functions.acceptance.reasons import Reason
from functions.acceptance.sender import Sender, message_of
from functions.acceptance.values import NotJson
from functions.events.attributes import format_nanoseconds
from functions.events.message import Message
from functions.google.storage import BucketUnavailable
from functions.observe.tally import Paced
from functions.receive import answers
from functions.receive.answers import WebhookRefusal
from functions.receive.durable import Durable, NotDurable
from functions.receive.inflate import (
    ENCODINGS,
    Broken,
    EncodingUnknown,
    InflatesTooMuch,
    encoding_of,
    inflate,
)
from functions.receive.quarantine import QuarantinedRequests
from functions.receive.quota import QuarantineFull, Quota
from functions.receive.request import (
    READS,
    announces_more,
    bearer_token,
    headers_of,
    route,
    sender_id,
)
from functions.receive.settings import Settings
from functions.receive.tally import ReceiveTally
from functions.retained.quarantine import Quarantine
from functions.secrets.closed_partners import ClosedUnavailable
from functions.web.aside import ASIDE_BYTES, Aside
from functions.web.batching import QueueFull
from functions.web.intake import BodyIncomplete, BodyLate, BodyTooLarge, Held, Intake
from functions.web.server import Ready

UNAVAILABLE: dict[type[Exception], tuple[Reason, str]] = {
    PartnersUnavailable: (reasons.PARTNERS_UNAVAILABLE, ""),
    RecordFaulty: (reasons.PARTNER_FAULTY, ""),
    Unclear: (reasons.PARTNERS_UNAVAILABLE, "this token cannot be checked now"),
    ClosedUnavailable: (reasons.CLOSED_UNAVAILABLE, ""),
    BucketUnavailable: (reasons.BUCKET_UNAVAILABLE, ""),
    QuarantineFull: (reasons.BUCKET_UNAVAILABLE, ""),  # other events are published already
    NotDurable: (reasons.PUBLISH_FAILED, ""),
    QueueFull: (reasons.QUEUE_FULL, ""),
}
"""The errors that are answered with a 503. Each has a reason, and a text that replaces the detail
of the reason if it is not empty."""


_Judged = tuple[list[ReceivedEvent], list[str], list[Placement], list[Message]]
"""The events of a request, their ids, the decisions, and the messages of accepted events."""


class Receiver:
    """Answers webhooks. The answer is a 2xx only if every event of the request is durable.

    Args:
        settings: the limits, and the name of the cell.
        admission: finds the partner of a token.
        durable: makes accepted events durable.
        quarantine: stores refused bodies and events.
        tally: counts the results.
        paced: writes the log line with the counts of `tally`, at most once a second.
    """

    def __init__(
        self,
        settings: Settings,
        admission: Admission,
        durable: Durable,
        quarantine: Quarantine,
        tally: ReceiveTally,
        paced: Paced,
    ) -> None:
        self._settings = settings
        self._admission = admission
        self._durable = durable
        self._aside = Aside()
        quota = Quota(settings.max_quarantined_objects, settings.max_quarantined_bytes)
        self._quarantine = QuarantinedRequests(quarantine, quota, self._aside, tally.quarantine)
        self._tally = tally
        self._paced = paced
        self._intake = Intake(
            settings.max_waiting_bytes, settings.max_unfinished_bodies, settings.body_seconds
        )

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; this method is the ASGI application."""
        try:
            answer: ASGIApp = await self._answer(scope, receive)
        except WebhookRefusal as refusal:
            answer = refusal.answer
            self._tally.refuse_all(refusal.answer)
        except (BodyTooLarge, BodyIncomplete, BodyLate) as error:
            answer = refused = self._unread(error)
            self._tally.refuse_all(refused)
        except tuple(UNAVAILABLE) as error:
            reason, detail = UNAVAILABLE[type(error)]
            self._tally.refuse(reason.code)
            answer = answers.unavailable(reason, detail)
        finally:
            self._paced.write_when_due()
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> ASGIApp:
        target = route(scope)
        if target is None:
            _ = self._admission.at_hand() or await self._admission.current()
            return answers.ok()
        headers = headers_of(scope)
        kind, token = target
        token = token or bearer_token(scope["headers"])
        entry = self._admission.find_at_hand(token) or await self._admission.find(token)
        if entry is None:
            raise WebhookRefusal(answers.unauthorized())
        name, partner = entry
        self._tally.hear(name)
        if scope["method"] in READS:
            return answers.ok()
        encoding = _encoding(scope, headers)
        most = self._settings.max_request_bytes
        if announces_more(headers, most):
            raise BodyTooLarge
        sent = await self._intake.read(receive, most, name)
        try:
            if partner.signing_secrets:
                self._check_signature(partner, headers, sent)
            own_id = sender_id(headers) if partner.has_request_ids else ""
            sender = Sender(name, partner, kind, own_id)
            if encoding is None:
                return await self._receive(sent, sender)
            return await self._receive_inflated(sent, encoding, sender)
        finally:
            self._intake.release(sent, name)

    def _unread(self, error: Exception) -> Response:
        """Return the answer to a request whose body cannot be read."""
        if isinstance(error, BodyTooLarge):
            return answers.too_large(self._settings.max_request_bytes)
        if isinstance(error, BodyLate):
            return answers.late(self._settings.body_seconds)
        return answers.incomplete()

    def _check_signature(
        self, partner: Partner, headers: Mapping[bytes, bytes], body: bytes
    ) -> None:
        """Raise WebhookRefusal if a request has no valid signature of its partner."""
        if not signature.verify(
            partner.signing_secrets,
            headers,
            body,
            now=time.time(),
            tolerance=self._settings.signature_tolerance_seconds,
        ):
            raise WebhookRefusal(answers.unsigned())

    async def _receive_inflated(self, sent: bytes, encoding: str, sender: Sender) -> Ready:
        """Inflate a body, and store its events; the inflated bytes count as memory in use."""
        held = Held(self._intake, sender.partner)
        try:
            body = await inflate(sent, encoding, self._settings.max_request_bytes, held.take)
            return await self._receive(body, sender)
        except Broken:
            raise WebhookRefusal(answers.broken()) from None
        except InflatesTooMuch:
            raise WebhookRefusal(answers.inflates_too_much()) from None
        finally:
            held.release()

    async def _receive(self, body: bytes, sender: Sender) -> Ready:
        """Quarantine the refused events of a request, then publish or spill the others.

        If a step fails, the answer is a 503, so that the sender repeats the whole request. If an
        event belongs to another cell or to a disputed project, or is refused and cannot be
        quarantined either, no event of the request is stored.
        """
        received_at = format_nanoseconds(time.time_ns())
        try:
            if len(body) <= ASIDE_BYTES:
                events, ids, outcomes, messages = self._judge(body, sender, received_at)
            else:
                judge = partial(self._judge, body, sender, received_at)
                events, ids, outcomes, messages = await self._aside.run(sender.partner, judge)
        except NotJson as error:
            try:
                await self._quarantine.keep(reasons.NOT_JSON.code, sender, body, received_at)
            except QuarantineFull:
                raise WebhookRefusal(answers.quarantine_full()) from None
            raise WebhookRefusal(answers.webhook_problem(reasons.NOT_JSON, str(error))) from None
        if len(messages) < len(events):
            for whole in (ELSEWHERE, DISPUTED):
                if whole in outcomes:
                    raise WebhookRefusal(answers.refused(outcomes, whole.status))
            refused = {at: outcome for at, outcome in enumerate(outcomes) if outcome.status != 200}
            await self._keep_all(refused, outcomes, events, ids, sender, received_at)
        unpublished = await self._durable.store(messages) if messages else ()
        if unpublished:
            positions = [at for at, outcome in enumerate(outcomes) if outcome.status == 200]
            refused = {positions[number]: NOT_PUBLISHABLE for number in unpublished}
            await self._quarantine.keep_all(refused, events, ids, sender, received_at)
            outcomes = [refused.get(at, outcome) for at, outcome in enumerate(outcomes)]
            messages = [message for at, message in enumerate(messages) if at not in unpublished]
        return self._stored(outcomes, messages)

    async def _keep_all(
        self,
        refused: Mapping[int, Placement],
        outcomes: Sequence[Placement],
        events: Sequence[ReceivedEvent],
        ids: Sequence[str],
        sender: Sender,
        received_at: str,
    ) -> None:
        """Quarantine refused events. If that is too much, refuse the whole request."""
        try:
            await self._quarantine.keep_all(refused, events, ids, sender, received_at)
        except QuarantineFull:
            full = [
                QUARANTINE_FULL if at in refused else outcome for at, outcome in enumerate(outcomes)
            ]
            answer = answers.refused(full, QUARANTINE_FULL.status)
            raise WebhookRefusal(answer) from None

    def _judge(self, body: bytes, sender: Sender, received_at: str) -> _Judged:
        """Split a body into events, and decide about each; do no I/O.

        Raises:
            NotJson: the body cannot be split.
            WebhookRefusal: the body has too many events.
        """
        settings = self._settings
        events = parse(body, settings.max_request_events)
        if len(events) > settings.max_request_events:
            raise WebhookRefusal(answers.too_many(settings.max_request_events))
        ids = ingest_id.of_request(
            sender.partner, sender.kind, sender.id, [event.data for event in events]
        )
        cell, most = settings.cell, settings.max_event_bytes
        outcomes: list[Placement] = []
        messages: list[Message] = []
        for position, event in enumerate(events):
            outcome = place(event, sender.record, cell, most)
            outcomes.append(outcome)
            if outcome.status == 200:
                messages.append(
                    message_of(event, outcome.project, sender, ids[position], position, received_at)
                )
        return events, ids, outcomes, messages

    def _stored(self, outcomes: Sequence[Placement], messages: Sequence[Message]) -> Ready:
        """Return the answer to a request whose events are all published, spilled or quarantined.

        Raises:
            WebhookRefusal: none of the events is accepted.
        """
        if len(outcomes) == len(messages) == 1:  # most requests have one event
            self._tally.accept(1)
            return answers.accepted_one(messages[0].attributes.ingest_id)
        if not messages:
            raise WebhookRefusal(answers.none_accepted(outcomes))
        self._tally.accept(len(messages))
        for outcome in outcomes:
            if outcome.reason:
                self._tally.refuse(outcome.reason)
        return answers.accepted(outcomes, messages)


def _encoding(scope: Scope, headers: Mapping[bytes, bytes]) -> str | None:
    """Return the content coding of the body; None if it is not compressed."""
    if b"content-encoding" not in headers:  # most requests take this fast path
        return None
    try:
        return encoding_of(scope)
    except EncodingUnknown:
        raise WebhookRefusal(answers.unsupported_encoding(ENCODINGS)) from None
