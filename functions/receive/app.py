"""The receiver: wiring, and the way of one request through it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from functions.batching import QueueFull
from functions.bucket import Bucket, BucketUnavailable
from functions.entry import Handler
from functions.events.envelope import Attributes, Kind, format_time
from functions.grpc_channel import open_channel
from functions.quarantine import Quarantine
from functions.receive import answers, ingest_id
from functions.receive.answers import Refusal
from functions.receive.body import NotJson, ReceivedEvent, parse
from functions.receive.partners import Partner, PartnersFile, PartnersUnavailable
from functions.receive.placement import Placement, place
from functions.receive.publish import Message, Publisher, PublishFailed
from functions.receive.request import READS, bearer_token, read_body, route, sender_id
from functions.receive.settings import Settings
from functions.settings import read

UNAVAILABLE: dict[type[Exception], tuple[str, str]] = {
    PartnersUnavailable: ("partners_unavailable", "tokens cannot be checked now"),
    BucketUnavailable: ("bucket_unavailable", "nothing of this request is known to be stored"),
    PublishFailed: ("publish_failed", "not every event of this request is known to be stored"),
    QueueFull: ("queue_full", "too many events wait to be published"),
}
"""What is answered with 503: reason and detail."""


def create(environ: Mapping[str, str]) -> Handler:
    """Create the receiver; call it inside the running event loop.

    Raises:
        ValueError: a setting is missing or malformed.
    """
    settings = read(Settings, environ)
    channel = open_channel(settings.pubsub_endpoint)
    publisher = Publisher(
        channel,
        settings.events_topic,
        deadline=settings.publish_deadline_seconds,
        max_waiting=settings.max_waiting_events,
    )
    bucket = Bucket(settings.storage_endpoint, settings.gcp_project, settings.bucket)
    receiver = Receiver(
        settings, PartnersFile(settings.partners_file), publisher, Quarantine(bucket)
    )
    return receiver.handle


class _Sender(NamedTuple):
    """Who sent a request, by which webhook, and under which id of its own."""

    partner: str
    record: Partner
    kind: Kind
    id: str


class Receiver:
    """Answers webhooks; 2xx only when every event of the request is durable.

    Args:
        settings: its limits, and which cell this is.
        partners: who may send.
        publisher: takes what is accepted.
        quarantine: takes what was authenticated but is not acceptable.
    """

    def __init__(
        self,
        settings: Settings,
        partners: PartnersFile,
        publisher: Publisher,
        quarantine: Quarantine,
    ) -> None:
        self._settings = settings
        self._partners = partners
        self._publisher = publisher
        self._quarantine = quarantine

    async def handle(self, request: Request) -> Response:
        """Answer one request."""
        try:
            return await self._answer(request)
        except Refusal as refusal:
            return refusal.answer
        except tuple(UNAVAILABLE) as error:
            return answers.unavailable(*UNAVAILABLE[type(error)])

    async def _answer(self, request: Request) -> Response:
        target = route(request)
        directory = await self._partners.current()
        if target is None:
            return answers.ok()
        found = directory.find(target.token or bearer_token(request))
        if found is None:
            raise Refusal(answers.unauthorized())
        if request.method in READS:
            return answers.ok()
        body = await read_body(request, self._settings.max_request_bytes)
        return await self._receive(body, _Sender(*found, target.kind, sender_id(request)))

    async def _receive(self, body: bytes, sender: _Sender) -> Response:
        received_at = format_time(datetime.now(UTC))
        try:
            events = parse(body)
        except NotJson as error:
            await self._keep("not_json", sender, body, received_at)
            raise Refusal(answers.problem(400, "not_json", str(error))) from None
        if len(events) > self._settings.max_request_events:
            raise Refusal(answers.too_many(self._settings.max_request_events))
        cell, most = self._settings.cell, self._settings.max_event_bytes
        placements = [place(event, sender.record, cell, most) for event in events]
        if any(placement.status == 421 for placement in placements):
            raise Refusal(answers.refused(placements, 421))
        return await self._store(events, placements, sender, received_at)

    async def _store(
        self,
        events: Sequence[ReceivedEvent],
        placements: Sequence[Placement],
        sender: _Sender,
        received_at: str,
    ) -> Response:
        """Quarantine what is refused, then publish the rest: a failure claims nothing."""
        ids: list[str | None] = []
        messages: list[Message] = []
        refusals = []
        for position, (event, placement) in enumerate(zip(events, placements, strict=True)):
            if placement.status == 200:
                message = _message(event, placement, sender, position, received_at)
                messages.append(message)
                ids.append(message.attributes["ingest_id"])
            else:
                refusals.append(self._keep(placement.reason, sender, event.data, received_at))
                ids.append(None)
        if refusals:
            await asyncio.gather(*refusals)
        if not messages:
            alike = {placement.status for placement in placements}
            raise Refusal(answers.refused(placements, alike.pop() if len(alike) == 1 else 422))
        await self._publisher.publish(messages)
        if len(events) == 1:
            return answers.accepted_one(messages[0].attributes["ingest_id"])
        return answers.accepted(placements, ids)

    async def _keep(self, reason: str, sender: _Sender, data: bytes, received_at: str) -> None:
        await self._quarantine.keep(
            reason=reason,
            partner=sender.partner,
            kind=sender.kind,
            data=data,
            received_at=received_at,
        )


def _message(
    event: ReceivedEvent, placement: Placement, sender: _Sender, position: int, received_at: str
) -> Message:
    kind = sender.kind if event.name is not None else "test"
    event_id = (
        ingest_id.derived(sender.partner, sender.kind, sender.id, position)
        if sender.id
        else ingest_id.fresh()
    )
    attributes = Attributes(
        ingest_id=event_id,
        received_at=received_at,
        kind=kind,
        partner=sender.partner,
        project=placement.project,
        event=event.name,
    )
    return Message(event.data, attributes.to_mapping())
